import { describe, expect, test } from 'vitest';
import { hasLink } from './links.ts';

const LINKS = [
  'http://example.com',
  'HTTPS://EXAMPLE.COM/x',
  'https : / / example',
  'see www.example.nl',
  'example.com',
  '看这里example.com吧',
  'sub.domain.example.co.uk',
  'bit.ly/abc',
  'youtu.be/dQw4w9WgXcQ',
  't.me/group',
  'discord.gg/abc',
  'example.zip:8080',
  'ｅｘａｍｐｌｅ．ｃｏｍ',
  'example。com',
  'example．cn',
  'exam\u200bple\u200b.com',
  'example\u00ad.com',
  'xn--fsqu00a.xn--0zwm56d',
  '例子.中国',
  '百度点com',
  'baidu 点 cn',
  'example dot com',
  'example (dot) com',
  'example[.]com',
  'example . com',
  'ftp://host/file',
  'rtmp://live.example/app',
  'magnet:?xt=urn:btih:abc',
  'mailto:a@b.c',
  'write to me@example.com',
  '1.2.3.4',
  'http://[::1]/',
  '[2001:db8::1]:80',
  '加群 qun.qq.com',
];

const NO_LINKS = [
  'hello. how are you',
  'hello.how are you',
  'ok.so what',
  'e.g. this, i.e. that',
  'node.js and vue.js',
  'ASP.NET is fine',
  'version v1.2.3.4',
  '版本 1.2.3.4',
  'pi is 3.14159',
  '1.5.2',
  '999.999.999.999',
  '10:30 见',
  '比分 3:2',
  '说完了。我走',
  '我走了.好的',
  '好的。ok',
  '便宜点vip',
  'a/b testing and/or c',
  'O(n) :// no',
  'what?! no...',
  '... . . .',
  'Mr.Smith',
  'file.txt',
  'main.cpp:12 is wrong',
  '我:你好',
  '时间:3点',
  '这个com口坏了',
  'the dot product',
  '1点网速好',
  'tell:me',
];

describe('leads elsewhere', () => {
  test.each(LINKS)('%s', (text) => {
    expect(hasLink(text)).toBe(true);
  });
});

describe('leads nowhere', () => {
  test.each(NO_LINKS)('%s', (text) => {
    expect(hasLink(text)).toBe(false);
  });
});

test('the longest messages cost little, whatever they are made of', () => {
  const parts = ['a.', '-', 'a', `${'x'.repeat(60)}.`, 'http', '中', '中.', 'a . ', '[a:', '(dot)', '1.'];
  const startedAt = process.cpuUsage();
  for (const part of parts) hasLink(part.repeat(Math.ceil(2000 / part.length)));
  const { user } = process.cpuUsage(startedAt);
  expect(user / 1000).toBeLessThan(parts.length * 200);
});
