/** Profiles by general_profile_idc (ITU-T H.265, A.3), in SRS's words. */
const PROFILE_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'Main'],
  [2, 'Main10'],
  [3, 'Main Still Picture'],
  [4, 'Rext'],
]);

export function h265ProfileName(profileIdc: number): string {
  return PROFILE_NAMES.get(profileIdc) ?? 'Other';
}

/** A.4: general_level_idc is thirty times the level. 93 is "3.1", 120 is "4". */
export function h265LevelName(levelIdc: number): string {
  return String(Math.round((levelIdc / 30) * 10) / 10);
}
