import { fail, ok, reason, warn, type Check } from './check.ts';

const ANSWER_MS = 5000;

/** The mail server takes us. */
export const checkMail: Check = async ({ config }) => {
  const { url, from } = config.mail;
  if (url === undefined) return [ok('mail', 'not set up; kaibo admin reset-link makes links for lost passwords')];
  const subject = `mail ${new URL(url).host}`;
  // Loaded for the doctor only.
  const { createTransport } = await import('nodemailer');
  const timeouts = { connectionTimeout: ANSWER_MS, greetingTimeout: ANSWER_MS, socketTimeout: ANSWER_MS };
  const transport = createTransport({ url, ...timeouts });
  try {
    await transport.verify();
  } catch (error) {
    return [fail(subject, reason(error), 'correct mail.url; is the port open from here?')];
  } finally {
    transport.close();
  }
  if (from === undefined)
    return [warn(subject, 'answers, but mail.from is not set', 'set mail.from to a sender address')];
  return [ok(subject, 'takes mail')];
};
