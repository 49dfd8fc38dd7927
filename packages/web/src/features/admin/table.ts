/** A column of a `DataTable`. Its cells are the slot `cell-KEY`. */
export interface Column<Row> {
  key: string;
  text: string;
  /** What the row is about: the title of its card on a phone. */
  isLead?: boolean;
  isNumber?: boolean;
  /** Left out on a phone and a narrow window. */
  isMinor?: boolean;
  /** By what the rows that are there can be put in order. */
  sort?: (row: Row) => number | string;
  width?: string;
}
