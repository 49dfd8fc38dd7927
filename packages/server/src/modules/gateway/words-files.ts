/** Of files; `words.ts` has the rest. */
export const FILE_ERRORS = {
  address_expired: {
    status: 403,
    zh: '这个地址已经过期，请重新获取',
    en: 'This address is not valid any more; ask for a new one',
  },
  address_invalid: {
    status: 403,
    zh: '这个地址无效，可能没有复制完整',
    en: 'This address is not valid; it may not have been copied whole',
  },
  disk_full: { status: 507, zh: '服务器磁盘空间不足', en: 'The server has no room left on its disk' },
  file_elsewhere: {
    status: 503,
    zh: '这次上传由另一台服务器接收，请稍后重试',
    en: 'This upload is with another server; try again soon',
  },
  file_name_invalid: {
    status: 400,
    zh: '文件名不能含有 / 、\\ 或不可见的字符，请重命名后再上传',
    en: 'A file name has no / or \\ and nothing invisible in it; rename the file and try again',
  },
  file_not_found: { status: 404, zh: '文件不存在', en: 'There is no such file' },
  file_not_ready: { status: 409, zh: '文件尚未处理完成', en: 'This file is not ready yet' },
  file_storage_unavailable: {
    status: 503,
    zh: '文件存储暂时不可用，请稍后再试',
    en: 'The storage of files cannot be reached right now; try again soon',
  },
  file_too_large: { status: 413, zh: '文件过大，最大 {max}', en: 'This file is too large; at most {max} are taken' },
  files_full: {
    status: 507,
    zh: '服务器为文件预留的空间已满',
    en: 'The server keeps as many files as it may keep',
  },
  image_too_many_pixels: {
    status: 422,
    zh: '图片尺寸过大，最多 {max} 百万像素',
    en: 'This picture is too large; at most {max} megapixels are taken',
  },
  image_unreadable: {
    status: 422,
    zh: '无法读取这张图片，文件可能已损坏',
    en: 'This is not a picture that we can read; the file may be damaged',
  },
  no_ffmpeg: {
    status: 503,
    zh: '服务器没有安装 ffmpeg，无法处理视频',
    en: 'This server has no ffmpeg, and cannot take videos',
  },
  not_an_image: {
    status: 415,
    zh: '请使用 JPEG、PNG、WebP、GIF 或 AVIF 图片（该文件是 {found}）',
    en: 'Only JPEG, PNG, WebP, GIF and AVIF pictures are taken (this is {found})',
  },
  picture_unreachable: {
    status: 422,
    zh: '无法获取该网址的图片',
    en: 'No picture could be fetched from this address',
  },
  pictures_busy: {
    status: 503,
    zh: '服务器正在处理的图片太多，请稍后再试',
    en: 'The server is too busy to take this picture right now; try again in a moment',
  },
  quota_exceeded: {
    status: 409,
    zh: '存储空间不足，请先删除一些文件',
    en: 'Your storage is full; delete some files first',
  },
  too_many_files: {
    status: 409,
    zh: '文件数量已达上限，请先删除一些',
    en: 'You have as many files as you may have; delete some first',
  },
  too_many_uploads: {
    status: 409,
    zh: '同时上传的文件过多，请等待其他上传完成',
    en: 'Too many uploads are on their way; wait until others are finished',
  },
  upload_invalid: {
    status: 400,
    zh: '上传请求无效：{why}',
    en: 'The upload cannot be understood: {why}',
  },
  unknown_picture: {
    status: 422,
    zh: '没有这张图片，请先上传',
    en: 'There is no such picture here; upload it first',
  },
} as const satisfies Record<string, { status: number; zh: string; en: string }>;
