// A page that only shows the department's clock and whether the server lives.

import { Link } from "./link.js";

new Link("/api/stream?exam=none", {});
