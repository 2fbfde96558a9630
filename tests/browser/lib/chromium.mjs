// Chromium for tests: found, not downloaded, and with everything off that talks to anybody else.

import { chromium } from 'playwright-core';

const ARGUMENTS = [
  // Tests run as root in containers, where Chromium's own sandbox can't be set up.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts a browser. One for a file of tests is enough: each test has a profile of its own in it. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.OOPSCOPE_CHROMIUM ?? '/usr/bin/chromium',
    args: ARGUMENTS,
  });
}
