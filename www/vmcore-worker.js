// The worker of the engine that reads dumps; the page starts it ahead of the first one (boot.js). How it is driven: drive.js.
// Must never hold logic.

import init, { Engine } from "./vmcore.js";
import { drive } from "./drive.js";

await drive({
  async start(post) {
    await init();
    return new Engine(post);
  },
});
