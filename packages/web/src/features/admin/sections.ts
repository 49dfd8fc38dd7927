import type { Component } from 'vue';
import IconWords from '~icons/lucide/book-x';
import IconLedger from '~icons/lucide/coins';
import IconAlarms from '~icons/lucide/bell-ring';
import IconFiles from '~icons/lucide/files';
import IconReports from '~icons/lucide/flag';
import IconGifts from '~icons/lucide/gift';
import IconDashboard from '~icons/lucide/layout-dashboard';
import IconRooms from '~icons/lucide/radio-tower';
import IconLogs from '~icons/lucide/logs';
import IconAudit from '~icons/lucide/scroll-text';
import IconNodes from '~icons/lucide/server';
import IconConfig from '~icons/lucide/settings-2';
import IconUsers from '~icons/lucide/users';
import IconWebhooks from '~icons/lucide/webhook';

interface AdminSection {
  /** Of the route `admin-KEY`, and of the texts under `admin.sections`. */
  key: string;
  icon: Component;
}

/** The operator's pages, as the navigation groups them. */
export const SECTIONS: readonly { key: string; sections: readonly AdminSection[] }[] = [
  {
    key: 'now',
    sections: [
      { key: 'dashboard', icon: IconDashboard },
      { key: 'alarms', icon: IconAlarms },
      { key: 'rooms', icon: IconRooms },
      { key: 'nodes', icon: IconNodes },
    ],
  },
  {
    key: 'people',
    sections: [
      { key: 'users', icon: IconUsers },
      { key: 'reports', icon: IconReports },
      { key: 'words', icon: IconWords },
    ],
  },
  {
    key: 'money',
    sections: [
      { key: 'gifts', icon: IconGifts },
      { key: 'ledger', icon: IconLedger },
    ],
  },
  {
    key: 'system',
    sections: [
      { key: 'files', icon: IconFiles },
      { key: 'webhooks', icon: IconWebhooks },
      { key: 'config', icon: IconConfig },
      { key: 'audit', icon: IconAudit },
      { key: 'logs', icon: IconLogs },
    ],
  },
];
