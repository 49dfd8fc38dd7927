/** Profiles by profile_idc (ITU-T H.264, A.2), in SRS's words. */
const PROFILE_NAMES: ReadonlyMap<number, string> = new Map([
  [66, 'Baseline'],
  [77, 'Main'],
  [88, 'Extended'],
  [100, 'High'],
  [110, 'High(10)'],
  [122, 'High(422)'],
  [144, 'High(444)'],
  [244, 'High(444+Predictive)'],
]);

export function h264ProfileName(profileIdc: number): string {
  return PROFILE_NAMES.get(profileIdc) ?? 'Other';
}

/** A.3.1: level_idc is ten times the level. 31 is "3.1", 40 is "4". */
export function h264LevelName(levelIdc: number): string {
  return String(levelIdc / 10);
}
