// Findings about names and places in lists (runtime/report/name_diagnostics.def), as diagnostic.h has those of
// diagnostics.def.
#pragma once

#include "runtime/report/diagnostic.h"

#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/name_diagnostics.def"
#undef BRAID_DIAGNOSTIC
