/** All texts of the help and of the list of shortcuts. */
export const messages = {
  help: {
    title: 'Help',
    search: 'Search the help',
    found: '{n} found',
    nothing: 'Nothing about “{q}”',
    nothingHint: 'Try another word, like “delay”, “OBS” or “black”.',
    topicsNav: 'Topics',
    all: 'All topics',
    here: 'Addresses of this server',
    keyHere: 'Your permanent stream key',
    keyLogIn: 'Log in, and your stream key stands here.',
    loadFailed: 'The addresses of this server cannot be had right now.',
    whereStream:
      'Put the name of the stream in place of STREAM. Complete addresses are on each room’s page under “Watch in another player”.',
    fields: {
      server: 'Server',
      key: 'Stream key',
      whip: 'WHIP address',
      token: 'Bearer token',
      oneLine: 'All in one, for apps with a single field',
      playRtmp: 'RTMP',
      playFlv: 'HTTP-FLV, the least delay',
      playHls: 'HLS, for phones and televisions',
    },
    commands: {
      file: 'Stream a file',
      loop: 'Stream a file again and again',
      test: 'Stream a test picture',
      screenLinux: 'Stream a Linux desktop',
      screenWindows: 'Stream a Windows desktop',
      screenMac: 'Stream a macOS desktop',
      ffplay: 'Watch with ffplay',
      vlc: 'Watch with VLC',
    },
    table: {
      picture: 'Picture',
      video: 'Video bitrate',
      audio: 'Audio bitrate',
      upload: 'Upload speed, at least',
      gear: '1080p60, fast movement',
      full: '1080p30',
      usual: '720p30, recommended',
      weak: '480p30, weak network',
    },
    topics: {
      start: {
        title: 'First steps',
        about: 'Three ways to go live',
        sections: {
          ways: {
            title: 'How to go live',
            text: 'Change between these at any time: viewers see the same room.',
            items: [
              'Browser: click “Go live” and allow camera or screen. Nothing to install.',
              'OBS: for scenes and for games. Enter server and stream key once; from then on it is one click.',
              'Phone: open your room’s control page in the phone’s browser, or use an app that sends RTMP.',
            ],
          },
          key: {
            title: 'The permanent key and the key of a room',
            text: 'The permanent key is under Settings → Streaming. Streaming with it opens your room by itself, with the title and so on of last time. A room that you make on the “Go live” page has a key of its own, for this room only.',
            note: 'A stream key opens your door. If somebody saw it, make a new one: the old one stops at once, and so does a stream that uses it.',
          },
          after: {
            title: 'Interruptions and the end',
            text: 'After a lost connection the room waits a while; stream again and it goes on. After that it ends by itself. “End stream” on the control page ends it at once.',
          },
        },
      },
      obs: {
        title: 'OBS',
        about: 'Connecting it, and settings that work well',
        sections: {
          setup: {
            title: 'Connect OBS',
            items: [
              'In OBS open Settings → Stream.',
              'As “Service” choose “Custom…”.',
              'Paste the server and the stream key from below, then click OK.',
              'Click “Start Streaming”. A few seconds later your room has a picture.',
            ],
          },
          encoder: {
            title: 'Output settings that work well',
            text: 'Settings → Output, with output mode “Advanced”.',
            items: [
              'Encoder: NVENC, AMF or QuickSync if you have one, else x264 with the preset veryfast.',
              'Rate control: CBR, with a bitrate from the table below.',
              'Keyframe interval: 2 s. Not 0.',
              'B-frames: 0, so that viewers by WebRTC get a smooth picture.',
              'Audio: AAC at 48 kHz.',
            ],
          },
          whip: {
            title: 'Less delay by WHIP',
            text: 'From OBS 30 on: choose the service “WHIP” and enter address and token. The delay is usually below a second; the network has to be good.',
          },
          overlay: {
            title: 'Gifts, lotteries and goals in the picture',
            text: 'Copy the address under “Overlay” on your room’s control page and add it to OBS as a “Browser” source, 1920 wide and 1080 high.',
          },
        },
      },
      ffmpeg: {
        title: 'ffmpeg',
        about: 'From the command line',
        sections: {
          file: {
            title: 'Commands',
            text: 'They run as they are. The key is hidden on the screen, and complete in what you copy.',
          },
          screen: { title: 'Your desktop', text: 'Without OBS.' },
          options: {
            title: 'What the options mean',
            items: [
              '-re reads a file at its own speed. Without it the whole file is sent in a moment.',
              '-g 60 is a key frame every 60 frames: every 2 seconds at 30 frames a second.',
              '-tune zerolatency leaves out B-frames and holds nothing back.',
              '-c copy does not encode files again that are H.264 and AAC already. That costs next to nothing.',
            ],
          },
        },
      },
      phone: {
        title: 'Phone',
        about: 'Its browser, or an app',
        sections: {
          browser: {
            title: 'From the phone’s browser',
            items: [
              'Open your room’s control page on a computer and scan its QR code, or log in on the phone and tap “Go live”.',
              'Allow camera and microphone, then start.',
              'While you are live, do not lock the screen and do not change to another app.',
            ],
            note: 'Browsers give the camera only to pages by https, or of the same machine. Set up a certificate first if you open Kaibo by an address in your network.',
          },
          apps: {
            title: 'From an app',
            text: 'Larix Broadcaster, Streamlabs, PRISM Live and others can do it. Choose “Custom RTMP” and enter:',
          },
        },
      },
      browser: {
        title: 'Live from the browser',
        about: 'Camera, screen and permissions',
        sections: {
          camera: {
            title: 'The camera shows nothing',
            items: [
              'Click the icon left of the address, and set camera and microphone to “Allow”.',
              'Close other programs that use the camera, like video meetings.',
              'With an http address of another machine browsers give no camera: use https.',
            ],
          },
          screen: {
            title: 'Share the screen with its sound',
            text: 'Tick “Also share audio” when you choose the screen. On macOS only tabs have sound; phones cannot share their screen.',
          },
          leave: {
            title: 'Keep the page open',
            text: 'The page is your encoder: closing or reloading it interrupts the stream. It may stay in the background.',
          },
        },
      },
      watch: {
        title: 'Watch in a player',
        about: 'VLC, ffplay, television, other pages',
        sections: {
          player: {
            title: 'VLC, PotPlayer, ffplay',
            text: 'Choose “Media → Open network stream” and paste an address.',
          },
          tv: {
            title: 'Television and casting',
            text: 'Televisions and most casting apps take the HLS address. It is a few seconds later than the page.',
          },
          embed: {
            title: 'On a page of your own',
            text: 'Under “Share” each room has a piece of code for other pages. Your administrator decides which pages may show it.',
          },
        },
      },
      faq: {
        title: 'When something is wrong',
        about: 'Black picture, delay, stutter, silence',
        sections: {
          black: {
            title: 'The picture is black',
            items: [
              'Does OBS’s own preview show it? If not, look at its sources. Games need “Game Capture”; on a laptop OBS and the game have to use the same graphics card.',
              'Choose H.264 as video encoder. Not every browser can show HEVC.',
              'Set the keyframe interval to 2 s: newcomers wait for one key frame.',
              'The doctor on your room’s control page says what is wrong.',
            ],
          },
          delay: {
            title: 'Too much delay',
            items: [
              'In the player choose Settings → How to receive → “Low delay”.',
              'Click “Live” in the player to catch up.',
              'In OBS switch “Stream Delay” off and set B-frames to 0.',
              'HLS is a few seconds late by its nature. The page chooses faster ways by itself.',
            ],
          },
          stutter: {
            title: 'The picture stutters',
            items: [
              'For everybody: the streamer’s upload is too slow. Lower the bitrate, or use a cable.',
              'Only for you: choose a lower quality in the player, or “Compatible” as the way to receive.',
              'OBS shows dropped frames or “encoding overloaded”: use a hardware encoder, or a smaller picture.',
            ],
          },
          silent: {
            title: 'There is no sound',
            items: [
              'Browsers forbid pages to make sound by themselves: click “Turn on sound” on the picture.',
              'If nothing moves in OBS’s mixer, OBS hears nothing either.',
              'By WebRTC sound comes as Opus and is made AAC for other ways. The server needs ffmpeg for that.',
            ],
          },
          refused: {
            title: 'The server cannot be reached',
            items: [
              'Server and stream key go into two fields, without spaces around them.',
              'After a new key was made the old one does not work.',
              'Firewalls have to let the port through; with cloud servers the security group, too.',
              '“Already publishing” means that the same key is in use elsewhere.',
            ],
          },
          private: {
            title: 'Friends cannot open a private room',
            text: 'Send them the complete link from “Share”, or invite their accounts on the control page.',
          },
        },
      },
    },
    shortcuts: {
      title: 'Keyboard shortcuts',
      about: 'Player, chat and everywhere',
      open: 'Open the list of shortcuts',
      close: 'Close',
      or: 'or',
      search: 'shortcut key keyboard',
      groups: { app: 'Everywhere', player: 'Player', replay: 'Replay', chat: 'Chat', studio: 'Cropping a picture' },
      does: {
        list: 'This list',
        find: 'Search',
        escape: 'Close what is open',
        play: 'Play, pause',
        mute: 'Mute',
        fullscreen: 'Full screen',
        theatre: 'Theatre mode',
        volume: 'Volume',
        short: 'Back, forward 5 s',
        long: 'Back, forward 10 s',
        start: 'To the beginning',
        live: 'To what is live',
        tenth: 'To a tenth of it',
        speed: 'Slower, faster',
        write: 'Write while in full screen',
        send: 'Send',
        rows: 'From message to message',
        move: 'Move the picture',
        zoom: 'Nearer, further',
      },
      keys: { space: 'Space', home: 'Home', end: 'End', enter: 'Enter', escape: 'Esc' },
    },
  },
};
