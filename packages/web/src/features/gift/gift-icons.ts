import birthdayCake from '~emoji/birthday-cake';
import bouquet from '~emoji/bouquet';
import clinkingBeerMugs from '~emoji/clinking-beer-mugs';
import crown from '~emoji/crown';
import fireworks from '~emoji/fireworks';
import gemStone from '~emoji/gem-stone';
import glowingStar from '~emoji/glowing-star';
import hotBeverage from '~emoji/hot-beverage';
import lollipop from '~emoji/lollipop';
import panda from '~emoji/panda';
import partyPopper from '~emoji/party-popper';
import racingCar from '~emoji/racing-car';
import redEnvelope from '~emoji/red-envelope';
import redHeart from '~emoji/red-heart';
import rocket from '~emoji/rocket';
import rose from '~emoji/rose';
import thumbsUp from '~emoji/thumbs-up';
import trophy from '~emoji/trophy';
import wrappedGift from '~emoji/wrapped-gift';

/** Where the pictures of gifts are that the page has, by the name that the catalogue calls them. */
const ICONS: Readonly<Record<string, string>> = {
  'birthday-cake': birthdayCake,
  bouquet: bouquet,
  'clinking-beer-mugs': clinkingBeerMugs,
  crown: crown,
  fireworks: fireworks,
  'gem-stone': gemStone,
  'glowing-star': glowingStar,
  'hot-beverage': hotBeverage,
  lollipop: lollipop,
  panda: panda,
  'party-popper': partyPopper,
  'racing-car': racingCar,
  'red-envelope': redEnvelope,
  'red-heart': redHeart,
  rocket: rocket,
  rose: rose,
  'thumbs-up': thumbsUp,
  trophy: trophy,
};

export const GIFT_ICONS: readonly string[] = Object.keys(ICONS);

/** A parcel stands for one that we have no picture of. */
export const iconOf = (name: string): string => ICONS[name] ?? wrappedGift;
