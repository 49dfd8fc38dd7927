import type { ChannelMessage, HeldMessage, Report, ReportDecision } from '@kaibo/client';
import { onScopeDispose, shallowRef } from 'vue';
import type { ShallowRef } from 'vue';
import { api, realtime } from '../../api.ts';

/** Of more that wait the oldest are not shown; whoever loads the page again gets those that are left. */
const MAX_SHOWN = 500;

export interface Waiting {
  /** Messages that nobody sees until somebody decides, the oldest first. */
  held: ShallowRef<readonly HeldMessage[]>;
  /** Reports of messages of the room that nobody decided yet, the oldest first. */
  reports: ShallowRef<readonly Report[]>;
  /** @throws KaiboError */
  decide(message: HeldMessage, action: 'show' | 'delete'): Promise<void>;
  /** @throws KaiboError */
  decideReport(report: Report, decision: ReportDecision): Promise<void>;
}

type Listeners = Record<string, (data: never) => void>;

/** What waits for the moderators of a room, as it comes, for as long as the calling component lives. */
export function useWaiting(roomId: string, rights: () => { ownerToken: string | undefined }): Waiting {
  const held = shallowRef<readonly HeldMessage[]>([]);
  const reports = shallowRef<readonly Report[]>([]);

  function dropHeld(matches: (message: HeldMessage) => boolean): void {
    held.value = held.value.filter((message) => !matches(message));
  }

  function dropReport(id: string): void {
    reports.value = reports.value.filter((report) => report.id !== id);
  }

  async function loadReports(): Promise<void> {
    try {
      reports.value = (await api.moderation.reports(roomId, { state: 'open' }, rights())).reports;
    } catch {
      // The next snapshot asks again.
    }
  }

  function begin(known: { held: HeldMessage[]; openReports: number }): void {
    held.value = known.held;
    if (known.openReports === 0) reports.value = [];
    else void loadReports();
  }

  const listeners: Listeners = {
    'held.added': ({ message }: { message: HeldMessage }) => {
      dropHeld(({ id }) => id === message.id);
      held.value = [...held.value, message].slice(-MAX_SHOWN);
    },
    'held.resolved': ({ id: resolved }: { id: string }) => dropHeld(({ id }) => id === resolved),
    'held.cleared': ({ person: cleared }: { person: string }) => dropHeld(({ person }) => person === cleared),
    'report.added': ({ report }: { report: Report }) => {
      dropReport(report.id);
      reports.value = [...reports.value, report].slice(-MAX_SHOWN);
    },
    'report.decided': ({ id }: { id: string }) => dropReport(id),
  };

  function hear(message: ChannelMessage): void {
    const data = message.data as never;
    if (message.kind === 'snapshot') begin(data);
    else listeners[message.event]?.(data);
  }

  onScopeDispose(realtime.subscribe(`moderation:${roomId}`, hear, { token: rights().ownerToken }));
  return {
    held,
    reports,
    async decide(message, action) {
      await api.moderation.decide(roomId, message.id, action, rights());
      dropHeld(({ id }) => id === message.id);
    },
    async decideReport(report, decision) {
      await api.moderation.decideReport(roomId, report.id, decision, rights());
      dropReport(report.id);
    },
  };
}
