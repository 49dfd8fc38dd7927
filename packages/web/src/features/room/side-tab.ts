/** What the column beside the picture can show. */
export type SideTab = 'chat' | 'supporters' | 'info';
