import { FILE_ERRORS } from './words-files.ts';
import { INTERACTION_ERRORS } from './words-interaction.ts';

/** Every error a person may read: its HTTP status and its sentence in each language. `{name}` is filled from the error's details. */
export const ERRORS = {
  ...FILE_ERRORS,
  ...INTERACTION_ERRORS,
  account_banned: { status: 403, zh: '账号已被封禁', en: 'This account is banned' },
  account_required: {
    status: 401,
    zh: '创建直播间需要登录。还没有账号时，可在服务器本机（localhost）直接创建；运营者也可设置 access: open 允许任何人创建。',
    en: 'Creating a room needs an account. Until the first account exists, rooms can be created on the server itself (localhost); the operator can also set access: open.',
  },
  already_publishing: { status: 409, zh: '该直播间已有人推流', en: 'Somebody publishes to this room already' },
  alarm_channel_not_found: { status: 404, zh: '没有这个告警渠道', en: 'There is no such alarm channel' },
  alarm_not_found: { status: 404, zh: '没有这条告警', en: 'There is no such alarm' },
  alarm_over: { status: 409, zh: '这条告警已经恢复', en: 'This alarm is over' },
  api_key_not_found: { status: 404, zh: '没有这个 API 密钥', en: 'There is no such API key' },
  bad_credentials: { status: 401, zh: '用户名或密码错误', en: 'The user name or the password is wrong' },
  bad_request: { status: 400, zh: '请求无法识别', en: 'The request cannot be understood' },
  banned_from_room: { status: 403, zh: '你已被禁止进入该直播间', en: 'You are banned from this room' },
  body_too_large: { status: 413, zh: '请求内容过大', en: 'The request body is too large' },
  cannot_follow_self: { status: 400, zh: '不能关注自己', en: 'You cannot follow yourself' },
  codec_unsupported: {
    status: 406,
    zh: '没有双方都支持的音视频编码',
    en: 'There is no audio or video codec that both sides know',
  },
  cross_site: { status: 403, zh: '不允许来自其他网站的请求', en: 'Requests from other sites are not allowed' },
  database_unavailable: {
    status: 503,
    zh: '数据库暂时不可用，请稍后再试',
    en: 'The database cannot be reached right now; try again soon',
  },
  email_taken: { status: 409, zh: '该邮箱已被使用', en: 'This mail address is in use already' },
  engine_refused: { status: 403, zh: '媒体服务拒绝了请求', en: 'The media server refused this' },
  engine_unavailable: {
    status: 503,
    zh: '媒体服务暂时不可用，请稍后再试',
    en: 'The media server cannot be reached right now; try again soon',
  },
  forbidden: { status: 403, zh: '没有权限', en: 'You have no right to do this' },
  internal: { status: 500, zh: '服务器内部错误', en: 'Something went wrong on the server' },
  invalid_host: { status: 400, zh: 'Host 无效', en: 'The Host header is not valid' },
  invalid_json: { status: 400, zh: '请求内容不是有效的 JSON', en: 'The request body is not valid JSON' },
  invalid_message: { status: 400, zh: '消息无效：{fields}', en: 'The message is not valid: {fields}' },
  invalid_relay_url: {
    status: 400,
    zh: '转推地址必须是 rtmp:// 或 rtmps:// 开头，包含服务器、应用名和推流密钥，且不带用户名或密码',
    en: 'The address must be rtmp:// or rtmps:// with a server, an application and a stream key, and no user name or password',
  },
  invalid_request: { status: 400, zh: '请求参数无效：{fields}', en: 'The request is not valid: {fields}' },
  invalid_sdp: { status: 400, zh: '会话描述（SDP）无效', en: 'The session description (SDP) is not valid' },
  invalid_token: { status: 401, zh: '登录凭证无效', en: 'The token is not valid' },
  invalid_transition: {
    status: 409,
    zh: '直播间当前状态（{from}）不能变为 {to}',
    en: 'A room that is {from} cannot become {to}',
  },
  key_on_channel: {
    status: 409,
    zh: '该直播间使用频道的固定推流密钥，请更换频道密钥',
    en: "This room uses its owner's permanent stream key; change that one",
  },
  key_required: { status: 401, zh: '推流需要密钥', en: 'Publishing needs the stream key' },
  key_scope: { status: 403, zh: 'API 密钥没有此权限', en: 'This API key does not have the scope for it' },
  kicked_from_room: { status: 403, zh: '你已被移出直播间', en: 'You were removed from this room' },
  last_admin: { status: 409, zh: '至少要保留一位管理员', en: 'There has to be at least one administrator' },
  login_required: { status: 401, zh: '请先登录', en: 'Log in first' },
  login_throttled: {
    status: 429,
    zh: '尝试次数过多，请在 {seconds} 秒后再试',
    en: 'Too many attempts; try again in {seconds} seconds',
  },
  mail_unavailable: { status: 503, zh: '邮件服务未配置或不可用', en: 'Mail is not set up or cannot be sent' },
  media_closed: { status: 409, zh: '与媒体服务的连接已结束', en: 'The connection with the media server has ended' },
  member_not_found: { status: 404, zh: '没有这条记录', en: 'There is no such entry' },
  no_media_session: {
    status: 404,
    zh: '没有与媒体服务的连接，请先发送 offer',
    en: 'There is no connection with the media server; send an offer first',
  },
  node_draining: {
    status: 503,
    zh: '该节点即将停机，请重新连接到其他节点',
    en: 'This node is about to be stopped; connect again, to another one',
  },
  node_not_found: { status: 404, zh: '没有这个节点', en: 'There is no such node' },
  node_unavailable: { status: 503, zh: '节点没有应答：{reason}', en: 'The node does not answer: {reason}' },
  not_found: { status: 404, zh: '没有这个地址', en: 'There is nothing at this address' },
  not_publishing: { status: 409, zh: '该直播间还没有推流', en: 'Nobody is publishing to this room yet' },
  not_supported: { status: 501, zh: '暂不支持', en: 'This is not supported yet' },
  overloaded: { status: 503, zh: '服务器繁忙，请稍后再试', en: 'The server is overloaded; try again soon' },
  peer_not_found: { status: 404, zh: '对方不在房间内', en: 'This peer is not in the room' },
  peers_full: { status: 503, zh: '连线人数已满', en: 'There is no place for another peer in this room' },
  poster_not_found: { status: 404, zh: '还没有直播画面', en: 'There is no picture of this room yet' },
  publish_forbidden: { status: 403, zh: '没有推流权限', en: 'You have no right to publish here' },
  rate_limited: { status: 429, zh: '操作过于频繁', en: 'Too many requests' },
  range_not_satisfiable: { status: 416, zh: '请求的范围无效', en: 'The file has no such range' },
  recording_active: {
    status: 409,
    zh: '录制正在进行，请先停止录制',
    en: 'This recording is still being written; stop it first',
  },
  recording_elsewhere: {
    status: 503,
    zh: '录像保存在另一台服务器上，暂时无法获取',
    en: 'The files of this recording are on another server that cannot be reached from here',
  },
  recording_not_found: { status: 404, zh: '录像不存在', en: 'There is no such recording' },
  recording_not_ready: {
    status: 409,
    zh: '录像还在处理中，请稍后再试',
    en: 'This recording is not finished yet; try again soon',
  },
  refresh_reused: {
    status: 401,
    zh: '登录凭证被重复使用，已为安全退出登录',
    en: 'This login was used twice and has been ended for safety',
  },
  registration_closed: { status: 403, zh: '暂不开放注册', en: 'Registration is closed' },
  relay_not_found: { status: 404, zh: '没有这个转推目标', en: 'There is no such relay target' },
  reset_invalid: { status: 400, zh: '重置链接无效或已过期', en: 'The reset link is not valid or has expired' },
  room_ended: { status: 409, zh: '直播已结束', en: 'The broadcast has ended' },
  room_exists: { status: 409, zh: '直播间已存在', en: 'A room with this id exists already' },
  room_full: { status: 503, zh: '直播间人数已满', en: 'The room is full' },
  room_not_found: { status: 404, zh: '房间不存在', en: 'There is no such room' },
  room_not_live: { status: 404, zh: '直播尚未开始', en: 'The broadcast has not started yet' },
  room_private: { status: 403, zh: '这是私密直播间', en: 'This room is private' },
  session_not_found: { status: 404, zh: '没有这个登录会话', en: 'There is no such login session' },
  setup_token_wrong: { status: 403, zh: '初始化令牌错误', en: 'The set-up token is wrong' },
  silence_not_found: { status: 404, zh: '没有这条静默规则，或已结束', en: 'There is no such silence, or it is over' },
  silence_over: {
    status: 400,
    zh: '静默的结束时间必须晚于现在和开始时间',
    en: 'A silence ends later than it begins, and later than now',
  },
  state_unavailable: {
    status: 503,
    zh: '服务暂时不可用，请稍后再试',
    en: 'The service cannot be reached right now; try again soon',
  },
  stopping: { status: 503, zh: '服务正在停止', en: 'The server is stopping' },
  token_expired: { status: 401, zh: '登录已过期，请重新登录', en: 'The login has expired' },
  too_many_connections: { status: 503, zh: '连接数已达上限', en: 'There are too many connections' },
  too_many_members: { status: 409, zh: '名单人数已达上限', en: 'This list has no room for another entry' },
  too_many_relays: {
    status: 409,
    zh: '该直播间的转推目标数量已达上限',
    en: 'This room has as many relay targets as it may have',
  },
  too_many_rooms: { status: 409, zh: '同时打开的直播间过多', en: 'You have too many open rooms' },
  too_many_silences: { status: 409, zh: '静默规则过多', en: 'There are too many silences' },
  too_many_subscriptions: { status: 429, zh: '订阅过多', en: 'Too many subscriptions' },
  unknown_app: { status: 404, zh: '没有这个应用', en: 'There is no such application' },
  unknown_channel: { status: 404, zh: '没有这个频道', en: 'There is no such channel' },
  unsupported_media_type: {
    status: 415,
    zh: '请求内容必须是 application/json',
    en: 'The request body must be application/json',
  },
  upgrade_required: { status: 426, zh: '这里需要 WebSocket 连接', en: 'This address speaks WebSocket' },
  user_not_found: { status: 404, zh: '用户不存在', en: 'There is no such user' },
  username_taken: { status: 409, zh: '用户名已被使用', en: 'This user name is taken' },
  weak_password: {
    status: 400,
    zh: '密码太常见，或包含用户名，请换一个',
    en: 'This password is too common or contains the user name; choose another',
  },
  wrong_key: { status: 403, zh: '推流密钥错误', en: 'The stream key is wrong' },
  wrong_password: { status: 403, zh: '当前密码错误', en: 'The current password is wrong' },
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
