/** 帮助页和快捷键的全部文字。 */
export const messages = {
  help: {
    title: '帮助',
    search: '在帮助里搜索',
    found: '找到 {n} 条',
    nothing: '没有找到“{q}”',
    nothingHint: '换一个词试试，比如“延迟”“OBS”“黑屏”。',
    topicsNav: '帮助主题',
    all: '全部主题',
    here: '本站的地址',
    keyHere: '您的永久推流码',
    keyLogIn: '登录后，这里会显示您的推流码。',
    loadFailed: '暂时取不到这台服务器的地址。',
    whereStream: '把 STREAM 换成直播间的流名；直播间页面下方“用其他播放器观看”里有现成的地址。',
    fields: {
      server: '服务器',
      key: '推流码',
      whip: 'WHIP 地址',
      token: 'Bearer 令牌',
      oneLine: '完整地址（只有一个输入框的软件）',
      playRtmp: 'RTMP',
      playFlv: 'HTTP-FLV，延迟最低',
      playHls: 'HLS，手机和电视',
    },
    commands: {
      file: '推一个文件',
      loop: '循环推一个文件',
      test: '推测试画面',
      screenLinux: '推 Linux 桌面',
      screenWindows: '推 Windows 桌面',
      screenMac: '推 macOS 桌面',
      ffplay: '用 ffplay 观看',
      vlc: '用 VLC 观看',
    },
    table: {
      picture: '画面',
      video: '视频码率',
      audio: '音频码率',
      upload: '上行网速至少',
      gear: '快速运动、1080p60',
      full: '1080p30',
      usual: '720p30，推荐',
      weak: '480p30，网络较差',
    },
    topics: {
      start: {
        title: '开始',
        about: '三种开播方式',
        sections: {
          ways: {
            title: '怎样开播',
            text: '三种方式随时可以换，观众看到的是同一个直播间。',
            items: [
              '浏览器：点“开播”，允许使用摄像头或屏幕，不用装任何软件。',
              'OBS：画面要排版、要推游戏时用它。填一次服务器和推流码，以后点“开始直播”就行。',
              '手机：在手机浏览器里打开直播间管理页，或者用支持 RTMP 的推流应用。',
            ],
          },
          key: {
            title: '永久推流码和房间推流码',
            text: '永久推流码在“设置 → 直播”里：用它推流，您的直播间会自动打开，标题等信息沿用上一次。在“开播”页面创建的直播间有自己的推流码，只对这个直播间有效。',
            note: '推流码等于钥匙，泄露了请立即更换：旧的马上失效，正在用它的推流会被断开。',
          },
          after: {
            title: '断线和结束',
            text: '网络断开后，直播间会保留一小段时间，重新推流就能接着播；超过这个时间会自动结束。在管理页点“结束直播”会立刻结束。',
          },
        },
      },
      obs: {
        title: 'OBS',
        about: '设置推流、推荐参数',
        sections: {
          setup: {
            title: '连接 OBS',
            items: [
              '打开 OBS，点“设置 → 推流”。',
              '“服务”选择“自定义…”。',
              '把下面的服务器和推流码粘贴进去，点“确定”。',
              '回到主界面，点“开始直播”。几秒后直播间就有画面了。',
            ],
          },
          encoder: {
            title: '推荐的输出设置',
            text: '“设置 → 输出”，输出模式选“高级”。',
            items: [
              '编码器：有独立显卡就选 NVENC、AMF 或 QuickSync，否则选 x264，预设 veryfast。',
              '速率控制：CBR，码率看下面的表。',
              '关键帧间隔：2 秒，不要填 0。',
              'B 帧：填 0，用 WebRTC 观看的人才能流畅。',
              '音频：AAC，48 kHz。',
            ],
          },
          whip: {
            title: '用 WHIP 推流，延迟更低',
            text: 'OBS 30 以上：“服务”选“WHIP”，填入下面的地址和令牌。延迟通常不到一秒，但对网络要求更高。',
          },
          overlay: {
            title: '把礼物、抽奖和目标放进画面',
            text: '在直播间管理页的“叠加层”里复制地址，在 OBS 里添加“浏览器”来源，宽 1920、高 1080。',
          },
        },
      },
      ffmpeg: {
        title: 'ffmpeg',
        about: '用命令行推流',
        sections: {
          file: { title: '推流命令', text: '命令可以直接粘贴运行，屏幕上的推流码已经隐藏，复制出来是完整的。' },
          screen: { title: '推桌面', text: '不开 OBS 也能推桌面。' },
          options: {
            title: '这些参数的意思',
            items: [
              '-re 按原来的速度读文件，不加会很快推完。',
              '-g 60 每 60 帧一个关键帧，30 帧每秒时就是 2 秒。',
              '-tune zerolatency 不用 B 帧，编码不攒帧。',
              '-c copy 已经是 H.264 和 AAC 的文件可以不转码，几乎不占 CPU。',
            ],
          },
        },
      },
      phone: {
        title: '手机',
        about: '浏览器或推流应用',
        sections: {
          browser: {
            title: '用手机浏览器开播',
            items: [
              '在电脑上打开直播间管理页，用手机扫描上面的二维码，或者在手机上登录后点“开播”。',
              '允许使用摄像头和麦克风，点“开始直播”。',
              '开播时不要锁屏，也不要切到别的应用。',
            ],
            note: '浏览器只在 https 地址或本机上允许使用摄像头。用局域网 IP 打开时请先配置证书。',
          },
          apps: {
            title: '用推流应用',
            text: 'Larix Broadcaster、Streamlabs、PRISM Live 等都可以。选择“自定义 RTMP”，填入：',
          },
        },
      },
      browser: {
        title: '浏览器开播',
        about: '摄像头、屏幕共享、权限',
        sections: {
          camera: {
            title: '没有摄像头画面',
            items: [
              '地址栏左边的图标里，把摄像头和麦克风改成“允许”。',
              '关掉正在使用摄像头的会议软件。',
              '地址是 http 开头又不是本机时，浏览器不提供摄像头，请使用 https。',
            ],
          },
          screen: {
            title: '分享屏幕和声音',
            text: '选择屏幕时勾选“同时分享音频”。macOS 上只有标签页能带声音；手机浏览器不支持分享屏幕。',
          },
          leave: { title: '不要关掉页面', text: '浏览器开播时页面就是编码器，关掉或刷新会中断直播。可以放在后台。' },
        },
      },
      watch: {
        title: '用播放器观看',
        about: 'VLC、ffplay、电视、嵌入网页',
        sections: {
          player: { title: 'VLC、PotPlayer、ffplay', text: '“媒体 → 打开网络串流”，粘贴地址。' },
          tv: { title: '电视和投屏', text: '电视和大多数投屏应用使用 HLS 地址。延迟比网页高几秒。' },
          embed: {
            title: '放进自己的网页',
            text: '直播间的“分享”里有一段嵌入代码，粘贴到网页里就能播放。能否嵌入由管理员决定。',
          },
        },
      },
      faq: {
        title: '常见问题',
        about: '黑屏、延迟、卡顿、没有声音',
        sections: {
          black: {
            title: '黑屏，没有画面',
            items: [
              'OBS 里预览有画面吗？没有的话检查来源；抓游戏请用“游戏捕获”，笔记本请让 OBS 和游戏用同一块显卡。',
              '视频编码请选 H.264。浏览器不一定能解码 HEVC。',
              '关键帧间隔设成 2 秒，新观众最多等一个关键帧。',
              '直播间管理页的“诊断”会直接说出问题。',
            ],
          },
          delay: {
            title: '延迟太高',
            items: [
              '播放器的“设置 → 接收方式”选“低延迟”。',
              '点播放器上的“直播”，回到最新画面。',
              'OBS 里关掉“串流延迟”，B 帧填 0。',
              'HLS 天生有几秒延迟，网页会自动选更快的方式。',
            ],
          },
          stutter: {
            title: '画面卡顿',
            items: [
              '所有人都卡：主播的上行带宽不够，降低码率，或者用网线。',
              '只有自己卡：在播放器里选低一档的清晰度，或者接收方式选“兼容”。',
              'OBS 右下角有丢帧或编码过载：换硬件编码器，或者降低分辨率。',
            ],
          },
          silent: {
            title: '没有声音',
            items: [
              '浏览器不允许网页自动出声，点一下播放器上的“打开声音”。',
              'OBS 的混音器里没有跳动，就是没有采集到声音。',
              'WebRTC 推流的声音是 Opus，其他协议会自动转成 AAC，需要服务器装有 ffmpeg。',
            ],
          },
          refused: {
            title: '连接不上服务器',
            items: [
              '服务器和推流码要分开填，不要多出空格。',
              '推流码换过以后，旧的不能再用。',
              '防火墙要放行推流端口；云服务器还要在安全组里放行。',
              '提示“正在推流”：同一个推流码已经在别处使用。',
            ],
          },
          private: {
            title: '朋友打不开私密直播间',
            text: '把“分享”里的完整链接发给对方，或者在管理页邀请对方的账号。',
          },
        },
      },
    },
    shortcuts: {
      title: '快捷键',
      about: '播放器、聊天和全站',
      open: '打开快捷键列表',
      close: '关闭',
      or: '或',
      search: '快捷键',
      groups: { app: '全站', player: '播放器', replay: '回放', chat: '聊天', studio: '裁剪图片' },
      does: {
        list: '打开这个列表',
        find: '搜索',
        escape: '关闭弹窗',
        play: '播放、暂停',
        mute: '静音',
        fullscreen: '全屏',
        theatre: '剧场模式',
        volume: '音量',
        short: '后退、前进 5 秒',
        long: '后退、前进 10 秒',
        start: '回到开头',
        live: '回到直播',
        tenth: '跳到十分之几处',
        speed: '放慢、加快',
        write: '全屏时写弹幕',
        send: '发送',
        rows: '在消息之间移动',
        move: '移动图片',
        zoom: '放大、缩小',
      },
      keys: { space: '空格', home: 'Home', end: 'End', enter: '回车', escape: 'Esc' },
    },
  },
};
