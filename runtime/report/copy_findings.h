// Findings about copies of products (runtime/report/copy_diagnostics.def), as diagnostic.h has those of diagnostics.def.
#pragma once

#include "runtime/report/diagnostic.h"

#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/copy_diagnostics.def"
#undef BRAID_DIAGNOSTIC
