/** Every error a person may read: its HTTP status and its sentence in each language. `{name}` is filled from the error's details. */
export const ERRORS = {
  account_required: {
    status: 401,
    zh: '创建直播间需要账号。首次使用可在本机（localhost）创建；运营者也可设置 access: open 允许任何人创建。',
    en: 'Creating a room needs an account. Until there are accounts, create rooms on the server itself (localhost), or let the operator set access: open.',
  },
  bad_request: { status: 400, zh: '请求无法识别', en: 'The request cannot be understood' },
  body_too_large: { status: 413, zh: '请求内容过大', en: 'The request body is too large' },
  cross_site: { status: 403, zh: '不允许来自其他网站的请求', en: 'Requests from other sites are not allowed' },
  forbidden: { status: 403, zh: '没有权限', en: 'You have no right to do this' },
  internal: { status: 500, zh: '服务器内部错误', en: 'Something went wrong on the server' },
  invalid_host: { status: 400, zh: 'Host 无效', en: 'The Host header is not valid' },
  invalid_json: { status: 400, zh: '请求内容不是有效的 JSON', en: 'The request body is not valid JSON' },
  invalid_message: { status: 400, zh: '消息无效：{fields}', en: 'The message is not valid: {fields}' },
  invalid_request: { status: 400, zh: '请求参数无效：{fields}', en: 'The request is not valid: {fields}' },
  invalid_transition: {
    status: 409,
    zh: '直播间当前状态（{from}）不能变为 {to}',
    en: 'A room that is {from} cannot become {to}',
  },
  key_required: { status: 401, zh: '推流需要密钥', en: 'Publishing needs the stream key' },
  not_found: { status: 404, zh: '没有这个地址', en: 'There is nothing at this address' },
  not_publishing: { status: 409, zh: '还没有推流，不能开播', en: 'Nobody is publishing to this room yet' },
  rate_limited: { status: 429, zh: '操作过于频繁', en: 'Too many requests' },
  room_ended: { status: 409, zh: '直播已结束', en: 'The broadcast has ended' },
  room_exists: { status: 409, zh: '直播间已存在', en: 'A room with this id exists already' },
  room_full: { status: 503, zh: '直播间人数已满', en: 'The room is full' },
  room_not_found: { status: 404, zh: '房间不存在', en: 'There is no such room' },
  room_not_live: { status: 404, zh: '直播尚未开始', en: 'The broadcast has not started yet' },
  room_private: { status: 403, zh: '这是私密直播间', en: 'This room is private' },
  stopping: { status: 503, zh: '服务正在停止', en: 'The server is stopping' },
  too_many_subscriptions: { status: 429, zh: '订阅过多', en: 'Too many subscriptions' },
  unknown_app: { status: 404, zh: '没有这个应用', en: 'There is no such application' },
  unknown_channel: { status: 404, zh: '没有这个频道', en: 'There is no such channel' },
  unsupported_media_type: {
    status: 415,
    zh: '请求内容必须是 application/json',
    en: 'The request body must be application/json',
  },
  upgrade_required: { status: 426, zh: '这里需要 WebSocket 连接', en: 'This address speaks WebSocket' },
  wrong_key: { status: 403, zh: '推流密钥错误', en: 'The stream key is wrong' },
} as const satisfies Record<string, { status: number; zh: string; en: string }>;

/** The page shown where the web app has not been built. */
export const MISSING_WEB_PAGE = {
  zh: '网页还没有构建。请运行 npm start，或者 npm run build -w @kaibo/web。接口在 /api 下正常工作。',
  en: 'The web app has not been built. Run npm start, or npm run build -w @kaibo/web. The API under /api works.',
} as const;

export type Language = 'zh' | 'en';
export type ErrorCode = keyof typeof ERRORS;

/** zh unless English stands before Chinese in Accept-Language. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const first = (acceptLanguage ?? '')
    .split(',')
    .map((range) => range.trim().toLowerCase())
    .find((range) => range.startsWith('zh') || range.startsWith('en'));
  return first?.startsWith('en') === true ? 'en' : 'zh';
}

export function sentence(code: ErrorCode, language: Language, details: Readonly<Record<string, string>> = {}): string {
  return ERRORS[code][language].replace(/\{(\w+)\}/g, (_, name: string) => details[name] ?? '');
}
