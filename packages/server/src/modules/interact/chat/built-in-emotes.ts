import type { Emote } from './contract.ts';

const emote = (code: string, icon: string, ...[zh, en]: [zh: string, en: string]): Emote => ({
  code,
  icon,
  name: { zh, en },
});

/** Pictures that every channel has; the page holds them (Fluent Emoji Flat, MIT). */
export const BUILT_IN_EMOTES: readonly Emote[] = [
  emote('smile', 'grinning-face-with-smiling-eyes', '微笑', 'Smile'),
  emote('laugh', 'face-with-tears-of-joy', '笑哭', 'Laugh'),
  emote('rofl', 'rolling-on-the-floor-laughing', '笑翻', 'Rolling'),
  emote('love', 'smiling-face-with-heart-eyes', '色', 'In love'),
  emote('kiss', 'face-blowing-a-kiss', '飞吻', 'Kiss'),
  emote('cool', 'smiling-face-with-sunglasses', '酷', 'Cool'),
  emote('wink', 'winking-face', '眨眼', 'Wink'),
  emote('think', 'thinking-face', '思考', 'Think'),
  emote('doge', 'dog-face', '狗头', 'Doge'),
  emote('cat', 'cat-face', '猫猫', 'Cat'),
  emote('cry', 'loudly-crying-face', '大哭', 'Cry'),
  emote('sad', 'pensive-face', '难过', 'Sad'),
  emote('angry', 'angry-face', '生气', 'Angry'),
  emote('shock', 'face-screaming-in-fear', '震惊', 'Shocked'),
  emote('sweat', 'grinning-face-with-sweat', '流汗', 'Sweat'),
  emote('sleep', 'sleeping-face', '睡觉', 'Sleepy'),
  emote('facepalm', 'person-facepalming', '捂脸', 'Facepalm'),
  emote('party', 'partying-face', '庆祝', 'Party'),
  emote('clown', 'clown-face', '小丑', 'Clown'),
  emote('skull', 'skull', '笑死', 'Dead'),
  emote('ok', 'ok-hand', 'OK', 'OK'),
  emote('good', 'thumbs-up', '赞', 'Good'),
  emote('bad', 'thumbs-down', '踩', 'Bad'),
  emote('clap', 'clapping-hands', '鼓掌', 'Clap'),
  emote('pray', 'folded-hands', '拜托', 'Please'),
  emote('wave', 'waving-hand', '你好', 'Wave'),
  emote('heart', 'red-heart', '爱心', 'Heart'),
  emote('broken', 'broken-heart', '心碎', 'Broken heart'),
  emote('fire', 'fire', '火', 'Fire'),
  emote('rose', 'rose', '玫瑰', 'Rose'),
  emote('cheer', 'clinking-beer-mugs', '干杯', 'Cheers'),
  emote('hundred', 'hundred-points', '满分', 'Hundred'),
];
