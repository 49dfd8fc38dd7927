import type { Component } from 'vue';
import BirthdayCake from '~icons/fluent-emoji-flat/birthday-cake';
import Bouquet from '~icons/fluent-emoji-flat/bouquet';
import ClinkingBeerMugs from '~icons/fluent-emoji-flat/clinking-beer-mugs';
import Crown from '~icons/fluent-emoji-flat/crown';
import Fireworks from '~icons/fluent-emoji-flat/fireworks';
import GemStone from '~icons/fluent-emoji-flat/gem-stone';
import GlowingStar from '~icons/fluent-emoji-flat/glowing-star';
import HotBeverage from '~icons/fluent-emoji-flat/hot-beverage';
import Lollipop from '~icons/fluent-emoji-flat/lollipop';
import Panda from '~icons/fluent-emoji-flat/panda';
import PartyPopper from '~icons/fluent-emoji-flat/party-popper';
import RacingCar from '~icons/fluent-emoji-flat/racing-car';
import RedEnvelope from '~icons/fluent-emoji-flat/red-envelope';
import RedHeart from '~icons/fluent-emoji-flat/red-heart';
import Rocket from '~icons/fluent-emoji-flat/rocket';
import Rose from '~icons/fluent-emoji-flat/rose';
import ThumbsUp from '~icons/fluent-emoji-flat/thumbs-up';
import Trophy from '~icons/fluent-emoji-flat/trophy';
import WrappedGift from '~icons/fluent-emoji-flat/wrapped-gift';

/** The pictures of gifts that the page has, by the name that the catalogue calls them. */
const ICONS: Readonly<Record<string, Component>> = {
  'birthday-cake': BirthdayCake,
  bouquet: Bouquet,
  'clinking-beer-mugs': ClinkingBeerMugs,
  crown: Crown,
  fireworks: Fireworks,
  'gem-stone': GemStone,
  'glowing-star': GlowingStar,
  'hot-beverage': HotBeverage,
  lollipop: Lollipop,
  panda: Panda,
  'party-popper': PartyPopper,
  'racing-car': RacingCar,
  'red-envelope': RedEnvelope,
  'red-heart': RedHeart,
  rocket: Rocket,
  rose: Rose,
  'thumbs-up': ThumbsUp,
  trophy: Trophy,
};

export const GIFT_ICONS: readonly string[] = Object.keys(ICONS);

/** A parcel stands for one that we have no picture of. */
export const iconOf = (name: string): Component => ICONS[name] ?? WrappedGift;
