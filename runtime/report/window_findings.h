// Findings about windows, and about `emit` and `retain` where they mean nothing
// (runtime/report/window_diagnostics.def), as diagnostic.h has those of diagnostics.def.
#pragma once

#include "runtime/report/diagnostic.h"

#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/window_diagnostics.def"
#undef BRAID_DIAGNOSTIC
