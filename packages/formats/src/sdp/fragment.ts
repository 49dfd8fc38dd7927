import { MAX_CANDIDATES, pushBounded } from './description.ts';
import { sdpLines, splitAttribute } from './lines.ts';

/** What trickles after an offer (RFC 8840, 9; RFC 9725, 4.3). */
export interface SdpFragment {
  /** The first ones of the fragment: in a bundle all sections have the same. */
  iceUfrag?: string;
  icePwd?: string;
  /** `candidate:…`; without a mid when the section did not say one. */
  candidates: { mid?: string; candidate: string }[];
  endOfCandidates: boolean;
}

/** application/trickle-ice-sdpfrag. @throws FormatError */
export function parseSdpFragment(text: string): SdpFragment {
  const fragment: SdpFragment = { candidates: [], endOfCandidates: false };
  let mid: string | undefined;
  for (const { type, value } of sdpLines(text)) {
    if (type === 'm') mid = undefined;
    if (type !== 'a') continue;
    const attribute = splitAttribute(value);
    switch (attribute.name) {
      case 'mid':
        mid = attribute.value;
        break;
      case 'ice-ufrag':
        fragment.iceUfrag ??= attribute.value;
        break;
      case 'ice-pwd':
        fragment.icePwd ??= attribute.value;
        break;
      case 'candidate': {
        const candidate = `candidate:${attribute.value}`;
        pushBounded(fragment.candidates, mid === undefined ? { candidate } : { mid, candidate }, MAX_CANDIDATES);
        break;
      }
      case 'end-of-candidates':
        fragment.endOfCandidates = true;
        break;
    }
  }
  return fragment;
}
