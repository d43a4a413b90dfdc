#!/usr/bin/env node
import "../dist/mp.js";
