import angryFace from '~emoji/angry-face';
import brokenHeart from '~emoji/broken-heart';
import catFace from '~emoji/cat-face';
import clappingHands from '~emoji/clapping-hands';
import clinkingBeerMugs from '~emoji/clinking-beer-mugs';
import clownFace from '~emoji/clown-face';
import dogFace from '~emoji/dog-face';
import faceBlowingAKiss from '~emoji/face-blowing-a-kiss';
import faceScreamingInFear from '~emoji/face-screaming-in-fear';
import faceWithTearsOfJoy from '~emoji/face-with-tears-of-joy';
import fire from '~emoji/fire';
import foldedHands from '~emoji/folded-hands';
import grinningFaceWithSmilingEyes from '~emoji/grinning-face-with-smiling-eyes';
import grinningFaceWithSweat from '~emoji/grinning-face-with-sweat';
import hundredPoints from '~emoji/hundred-points';
import loudlyCryingFace from '~emoji/loudly-crying-face';
import okHand from '~emoji/ok-hand';
import partyingFace from '~emoji/partying-face';
import pensiveFace from '~emoji/pensive-face';
import personFacepalming from '~emoji/person-facepalming';
import redHeart from '~emoji/red-heart';
import rollingOnTheFloorLaughing from '~emoji/rolling-on-the-floor-laughing';
import rose from '~emoji/rose';
import skull from '~emoji/skull';
import sleepingFace from '~emoji/sleeping-face';
import smilingFaceWithHeartEyes from '~emoji/smiling-face-with-heart-eyes';
import smilingFaceWithSunglasses from '~emoji/smiling-face-with-sunglasses';
import thinkingFace from '~emoji/thinking-face';
import thumbsDown from '~emoji/thumbs-down';
import thumbsUp from '~emoji/thumbs-up';
import wavingHand from '~emoji/waving-hand';
import winkingFace from '~emoji/winking-face';

const FILES = {
  'angry-face': angryFace,
  'broken-heart': brokenHeart,
  'cat-face': catFace,
  'clapping-hands': clappingHands,
  'clinking-beer-mugs': clinkingBeerMugs,
  'clown-face': clownFace,
  'dog-face': dogFace,
  'face-blowing-a-kiss': faceBlowingAKiss,
  'face-screaming-in-fear': faceScreamingInFear,
  'face-with-tears-of-joy': faceWithTearsOfJoy,
  fire: fire,
  'folded-hands': foldedHands,
  'grinning-face-with-smiling-eyes': grinningFaceWithSmilingEyes,
  'grinning-face-with-sweat': grinningFaceWithSweat,
  'hundred-points': hundredPoints,
  'loudly-crying-face': loudlyCryingFace,
  'ok-hand': okHand,
  'partying-face': partyingFace,
  'pensive-face': pensiveFace,
  'person-facepalming': personFacepalming,
  'red-heart': redHeart,
  'rolling-on-the-floor-laughing': rollingOnTheFloorLaughing,
  rose: rose,
  skull: skull,
  'sleeping-face': sleepingFace,
  'smiling-face-with-heart-eyes': smilingFaceWithHeartEyes,
  'smiling-face-with-sunglasses': smilingFaceWithSunglasses,
  'thinking-face': thinkingFace,
  'thumbs-down': thumbsDown,
  'thumbs-up': thumbsUp,
  'waving-hand': wavingHand,
  'winking-face': winkingFace,
};

/** Pictures of the emotes that every channel has, as addresses, by their names in Fluent Emoji Flat (MIT). */
export const EMOTE_ICONS: ReadonlyMap<string, string> = new Map(Object.entries(FILES));
