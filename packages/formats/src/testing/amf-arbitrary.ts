import * as fc from 'fast-check';
import { AmfEcmaArray, AmfTypedObject, AmfUnsupported, AmfXml, createAmfObject } from '../amf/value.ts';
import type { AmfObject, AmfValue } from '../amf/value.ts';

const text = fc.string({ unit: 'binary', maxLength: 20 });
const name = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'toString', '', '0', 'duration'));

/** Values of every kind AMF0 and AMF3 share, and with `amf0` the unsupported marker and empty names in ECMA arrays too. */
export function amfValue(dialect: 'amf0' | 'amf3'): fc.Arbitrary<AmfValue> {
  const leaf: fc.Arbitrary<AmfValue> = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.boolean(),
    text,
    fc.constantFrom(null, undefined),
    fc.date(),
    text.map((value) => new AmfXml(value)),
    fc.uint8Array({ maxLength: 20 }),
    ...(dialect === 'amf0' ? [fc.constant(new AmfUnsupported())] : []),
  );
  const { value } = fc.letrec<{ value: AmfValue; object: AmfObject }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      leaf,
      tie('object'),
      fc.array(tie('value'), { maxLength: 5 }),
      tie('object')
        .filter((entries) => dialect === 'amf0' || isNamed(entries))
        .map((entries) => new AmfEcmaArray(entries)),
      fc
        .tuple(
          text.filter((className) => className !== ''),
          tie('object'),
        )
        .map(([className, fields]) => new AmfTypedObject(className, fields)),
    ),
    object: fc.array(fc.tuple(name, tie('value')), { maxLength: 5 }).map(toObject),
  }));
  return value;
}

/** AMF3 tells an array with names from one without by there being a name, and ends the names with an empty one. */
function isNamed(entries: AmfObject): boolean {
  return !('' in entries) && Object.keys(entries).length > 0;
}

function toObject(pairs: [string, AmfValue][]): AmfObject {
  const object = createAmfObject();
  for (const [key, value] of pairs) object[key] = value;
  return object;
}
