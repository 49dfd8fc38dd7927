const PROFILE_NAMES = ['Main', 'High', 'Professional'] as const;

/** seq_profile, AV1 specification 6.4.1. */
export function av1ProfileName(seqProfile: number): string {
  return PROFILE_NAMES[seqProfile] ?? 'Other';
}

/** seq_level_idx, AV1 specification A.3: 0 is "2.0", 8 is "4.0", 13 is "5.1"; 31 is "no bound". */
export function av1LevelName(seqLevelIdx: number): string | undefined {
  if (seqLevelIdx > 23) return undefined;
  return `${2 + (seqLevelIdx >> 2)}.${seqLevelIdx & 3}`;
}
