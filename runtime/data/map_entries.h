// The entries of a map, as its list has them: each key once, in the order of the keys. So equal maps have the same
// bytes, whatever order their entries came in. Keys are ordered as numbers, symbols by their place in the enum, texts
// and what else there is by bytes and bits; NaN and null are no keys (`is_map_key`).
//
// As text (the name of a member of a JSON object, a name in a literal) a key is what an output has of a value of its
// type, without quotes. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/data/arena.h"
#include "runtime/data/slot.h"
#include "runtime/data/type.h"
#include "runtime/data/value.h"

namespace braid {

/// Orders `count` entries of that map type in place. False, and the order is of no use, if two have equal keys.
bool order_entries(const Type& map, Slot* entries, uint64_t count, Arena& arena);
/// The same of values: each a struct of key and value.
bool order_entries(std::vector<Value>& entries);

/// Below 0, 0, above 0: the order of two keys.
int compare_keys(const Type& key, const Slot& a, const Slot& b);

void append_key_text(const Type& key, const Slot& slot, std::string& out);
std::string key_text(const Type& key, const Value& value);
/// False if the text is no value of the type.
bool parse_key_text(const Type& key, std::string_view text, Value* value);

}  // namespace braid
