import type { StreamFinding } from '@kaibo/client';
import { formatBitrate } from '../../format.ts';

/** Those that we have words for; a newer server's stay unsaid. */
export const FINDINGS = [
  'no_video',
  'no_audio',
  'encoder_overload',
  'timestamp_jumps',
  'av_drift',
  'keyframe_interval_long',
  'b_frames',
  'variable_frame_rate',
  'bitrate_high',
  'bitrate_unstable',
] as const;
export type FindingCode = (typeof FINDINGS)[number];

export interface KnownFinding extends StreamFinding {
  code: FindingCode;
}

const SEVERITIES = ['problem', 'warning', 'info'] as const;

/** The worst first, then as in `FINDINGS`. */
export function knownFindings(findings: readonly StreamFinding[]): KnownFinding[] {
  const rank = ({ severity, code }: KnownFinding): number => {
    return SEVERITIES.indexOf(severity) * FINDINGS.length + FINDINGS.indexOf(code);
  };
  return findings.filter(isKnown).sort((a, b) => rank(a) - rank(b));
}

function isKnown(finding: StreamFinding): finding is KnownFinding {
  return FINDINGS.some((code) => code === finding.code);
}

/** Its value as people say it: each code has a unit of its own (`StreamFinding`). */
export function findingValue({ code, value = 0 }: KnownFinding, locale: string): string {
  const unit = (amount: number, name: string, digits = 0): string => {
    const options = { style: 'unit', unit: name, maximumFractionDigits: digits } as const;
    return new Intl.NumberFormat(locale, options).format(amount);
  };
  switch (code) {
    case 'keyframe_interval_long':
      return unit(value / 1000, 'second', 1);
    case 'no_audio':
    case 'no_video':
      return unit(Math.round(value / 1000), 'second');
    case 'av_drift':
      return unit(Math.abs(value), 'millisecond');
    case 'bitrate_high':
      return formatBitrate(value);
    case 'bitrate_unstable':
      return `${value.toFixed(1)}×`;
    case 'timestamp_jumps':
      return String(value);
    case 'b_frames':
    case 'variable_frame_rate':
    case 'encoder_overload':
      return `${Math.max(1, Math.round(value))}%`;
  }
}
