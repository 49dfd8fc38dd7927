/** Gives the browser a file to save. */
export function saveText(name: string, text: string, type: string): void {
  // A spreadsheet takes a file without this mark for one in the language's old encoding.
  const url = URL.createObjectURL(new Blob(['\uFEFF', text], { type: `${type};charset=utf-8` }));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  // The download has taken its copy when the click is over.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
