// Why an expected row of a test is missing that would have come, had the time of some sources gone on: the test is
// played again with these sources moved, up to the expectation alone.
#pragma once

#include <string>

#include "cli/session/test_play.h"

namespace braid::cli {

/// For people: which watermarks the missing rows wait for, and how to let them go on. Empty: time is not the reason.
/// Of a play as the test is written.
std::string waiting_for(const typed::Test& test, const Program& program, const PlayContext& context,
                        const Mismatch& mismatch);

}  // namespace braid::cli
