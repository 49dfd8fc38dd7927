// The two classes of the Encoding standard that Node and every browser share. This package compiles with neither
// their types nor the DOM's, so what it uses is declared here. https://encoding.spec.whatwg.org/

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: Uint8Array): string;
}

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
}
