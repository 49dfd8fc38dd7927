/** What other modules may know of an account. */
export interface UserFacts {
  id: string;
  username: string;
  /** Shown name. */
  name: string;
  avatar?: string;
  role: 'user' | 'admin';
  isBanned: boolean;
}

/** A user's permanent place to publish to. */
export interface UserChannel {
  owner: UserFacts;
  /** Public stream name. */
  playId: string;
  /** The right to publish; never leaves the server but in its owner's own stream key. */
  streamSecret: string;
}

/** How other modules look accounts up. */
export interface UserDirectory {
  find(userId: string): Promise<UserFacts | undefined>;
  findMany(userIds: readonly string[]): Promise<Map<string, UserFacts>>;
  findByUsername(username: string): Promise<UserFacts | undefined>;
  channelByPlayId(playId: string): Promise<UserChannel | undefined>;
  isFollowing(followerId: string, userId: string): Promise<boolean>;
  /** How many accounts there are; while there is none, this machine itself may set things up. */
  countUsers(): Promise<number>;
}
