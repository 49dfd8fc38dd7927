// Several NAL units in one payload, each after its length: STAP-A of H.264 (RFC 6184, 5.7.1), the aggregation packet
// of H.265 (RFC 7798, 4.4.2).
const LENGTH_BYTES = 2;
/** Neighbours that fit one payload together. A unit that does not fit at all is alone in its group. */
export function groupUnits(units, grouping) {
  const groups = [];
  let open;
  let bytes = 0;
  for (const unit of units) {
    if (open === undefined || bytes + LENGTH_BYTES + unit.length > grouping.maxPayloadBytes) {
      open = [];
      groups.push(open);
      bytes = grouping.headerBytes;
    }
    open.push(unit);
    bytes += LENGTH_BYTES + unit.length;
    if (grouping.endsGroup(unit)) open = undefined;
  }
  return groups;
}
/** Headroom, header, and each unit after its length. */
export function aggregate(group, header, headroomBytes) {
  let length = headroomBytes + header.length;
  for (const unit of group) length += LENGTH_BYTES + unit.length;
  const packet = new Uint8Array(length);
  const view = new DataView(packet.buffer);
  packet.set(header, headroomBytes);
  let at = headroomBytes + header.length;
  for (const unit of group) {
    view.setUint16(at, unit.length);
    packet.set(unit, at + LENGTH_BYTES);
    at += LENGTH_BYTES + unit.length;
  }
  return packet;
}
/** The units after the header, as views. @throws FormatError `truncated` for a length past the end */
export function readAggregate(reader) {
  const units = [];
  while (reader.remaining > 0) units.push(reader.bytes(reader.u16()));
  return units;
}
