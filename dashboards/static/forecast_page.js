// The page of forecasts: what is to be expected, and how far it can be trusted.

import { Link } from "./link.js";

new Link("/api/stream?exam=none", {});
