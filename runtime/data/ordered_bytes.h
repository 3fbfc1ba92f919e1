// Values as bytes that sort as the values do: keys of views and of their indexes.
//
// Of two values of one type, the bytes of the smaller one are smaller, and none begins with those of another. Hence the
// bytes of several values, one behind the other, sort as the rows of these values.
//
// bool: 1 byte. Whole numbers, times, dates, enumerations (by the place of the symbol), decimals: big-endian with the
// sign flipped, in the width of their leaf. uuid: its 16 bytes. float: its bits so that they sort; -0 as 0, every NaN
// as one, above all numbers. Text, bytes and json: each byte 0 followed by 255, and two bytes 0 at the end. Lists and
// maps: a byte 1 in front of each element, a byte 0 at the end. Optional values: a byte 0 and the value; null, which
// stands above all: a byte 1.
//
// They never change: stores hold them.
#pragma once

#include <string>
#include <string_view>

#include "runtime/data/slot.h"
#include "runtime/data/type.h"

namespace braid {

/// Appends the bytes of one value of that type. `slots`: its leaves.
void append_ordered_bytes(const Type& type, const Slot* slots, std::string& out);

/// How many of the bytes are those of the value of that type that they begin with; 0: they begin with none.
size_t ordered_bytes_size(const Type& type, std::string_view bytes);

}  // namespace braid
