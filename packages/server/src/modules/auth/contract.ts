/** What a module does when an account goes away or wants to know what is kept of it. */
export interface AccountHolder {
  /** Names the part in a data export. */
  name: string;
  /** Everything kept of the user, as JSON data, without anybody else's secrets. */
  exportData(userId: string): Promise<unknown>;
  /** Called before the account is deleted or after it was banned: ends what it runs. */
  accountGone(userId: string, why: 'deleted' | 'banned'): Promise<void>;
}
