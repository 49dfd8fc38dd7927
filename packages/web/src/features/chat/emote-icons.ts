import angryFace from '~icons/fluent-emoji-flat/angry-face?raw';
import brokenHeart from '~icons/fluent-emoji-flat/broken-heart?raw';
import catFace from '~icons/fluent-emoji-flat/cat-face?raw';
import clappingHands from '~icons/fluent-emoji-flat/clapping-hands?raw';
import clinkingBeerMugs from '~icons/fluent-emoji-flat/clinking-beer-mugs?raw';
import clownFace from '~icons/fluent-emoji-flat/clown-face?raw';
import dogFace from '~icons/fluent-emoji-flat/dog-face?raw';
import faceBlowingAKiss from '~icons/fluent-emoji-flat/face-blowing-a-kiss?raw';
import faceScreamingInFear from '~icons/fluent-emoji-flat/face-screaming-in-fear?raw';
import faceWithTearsOfJoy from '~icons/fluent-emoji-flat/face-with-tears-of-joy?raw';
import fire from '~icons/fluent-emoji-flat/fire?raw';
import foldedHands from '~icons/fluent-emoji-flat/folded-hands?raw';
import grinningFaceWithSmilingEyes from '~icons/fluent-emoji-flat/grinning-face-with-smiling-eyes?raw';
import grinningFaceWithSweat from '~icons/fluent-emoji-flat/grinning-face-with-sweat?raw';
import hundredPoints from '~icons/fluent-emoji-flat/hundred-points?raw';
import loudlyCryingFace from '~icons/fluent-emoji-flat/loudly-crying-face?raw';
import okHand from '~icons/fluent-emoji-flat/ok-hand?raw';
import partyingFace from '~icons/fluent-emoji-flat/partying-face?raw';
import pensiveFace from '~icons/fluent-emoji-flat/pensive-face?raw';
import personFacepalming from '~icons/fluent-emoji-flat/person-facepalming?raw';
import redHeart from '~icons/fluent-emoji-flat/red-heart?raw';
import rollingOnTheFloorLaughing from '~icons/fluent-emoji-flat/rolling-on-the-floor-laughing?raw';
import rose from '~icons/fluent-emoji-flat/rose?raw';
import skull from '~icons/fluent-emoji-flat/skull?raw';
import sleepingFace from '~icons/fluent-emoji-flat/sleeping-face?raw';
import smilingFaceWithHeartEyes from '~icons/fluent-emoji-flat/smiling-face-with-heart-eyes?raw';
import smilingFaceWithSunglasses from '~icons/fluent-emoji-flat/smiling-face-with-sunglasses?raw';
import thinkingFace from '~icons/fluent-emoji-flat/thinking-face?raw';
import thumbsDown from '~icons/fluent-emoji-flat/thumbs-down?raw';
import thumbsUp from '~icons/fluent-emoji-flat/thumbs-up?raw';
import wavingHand from '~icons/fluent-emoji-flat/waving-hand?raw';
import winkingFace from '~icons/fluent-emoji-flat/winking-face?raw';

const SVGS = {
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
export const EMOTE_ICONS: ReadonlyMap<string, string> = new Map(
  Object.entries(SVGS).map(([name, svg]) => [name, addressOf(svg)]),
);

/** As a picture it needs its namespace, and on a canvas a size of its own. */
function addressOf(svg: string): string {
  const sized = svg.replace(/<svg([^>]*)>/, (_tag, attributes: string) => {
    const others = attributes.replace(/ (?:width|height|xmlns)="[^"]*"/g, '');
    return `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"${others}>`;
  });
  return `data:image/svg+xml,${encodeURIComponent(sized)}`;
}
