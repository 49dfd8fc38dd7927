/** 选择、裁剪图片的文字。 */
export const messages = {
  picture: {
    choose: '选择图片',
    change: '更换',
    remove: '移除',
    hint: '点选、拖入或粘贴一张图片。',
    title: { avatar: '裁剪头像', cover: '裁剪封面' },
    how: '拖动图片选择位置，滚轮、双指或滑块缩放。',
    stage: '图片位置：方向键移动，加号和减号缩放',
    zoom: '缩放',
    use: '使用这张图片',
    problem: {
      svg: 'SVG 图形里可能藏有程序，不能使用。请先把它存成 PNG 再上传。',
      notPicture: '这个文件不是图片。请选择 JPEG、PNG、WebP、GIF 或 AVIF 图片。',
      tooLarge: '图片太大了，请选择 40 MB 以内的图片。',
      tooManyPixels: '这张图片的像素太多，超过了 5000 万。请先缩小它再上传。',
      unreadable: '这张图片打不开，可能已经损坏，或者浏览器不支持这种格式。',
    },
  },
};
