/** Something that the operator has to put right. The message is one line and is all that is printed. */
export class OperatorError extends Error {
  readonly code = 'operator';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OperatorError';
  }
}
