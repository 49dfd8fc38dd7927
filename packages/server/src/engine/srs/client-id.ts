/**
 * Ids of SRS are its own: behind the `_` stands whose. Only what may stand in a person's name is kept of a server's id, and
 * never a `_`.
 */
export function clientIdOf(id: string, serverId: string): string {
  return `${id}_${serverPart(serverId)}`;
}

export function isOfServer(clientId: string, serverId: string): boolean {
  return clientId.slice(clientId.lastIndexOf('_') + 1) === serverPart(serverId);
}

/** As SRS knows it. */
export function srsIdOf(clientId: string): string {
  return clientId.slice(0, Math.max(0, clientId.lastIndexOf('_')));
}

const serverPart = (serverId: string): string => serverId.replaceAll(/[^A-Za-z0-9-]/g, '-');
