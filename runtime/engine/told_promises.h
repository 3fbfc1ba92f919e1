// A change of a promise as an event of an epoch. What the clock decides is recorded, so that the rows of `alerts` are
// the same when the epoch is run again. By names: the program that runs it again may have others.
#pragma once

#include "runtime/engine/epoch.h"
#include "runtime/promise/promise_change.h"

namespace braid {

EpochEvent told_event(const PromiseChange& change);
/// Of an event of a promise.
PromiseChange told_change(const EpochEvent& event);

}  // namespace braid
