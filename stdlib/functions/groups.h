// The groups of native functions: each `add_<group>` is defined at the end of <group>.cpp. Named here one by one, so
// that no linker drops one.
#pragma once

#include "runtime/declare/function.h"

namespace braid {

void add_strings(FunctionRegistry& registry);
void add_cutting(FunctionRegistry& registry);
void add_letters(FunctionRegistry& registry);
void add_unicode(FunctionRegistry& registry);
void add_similarity(FunctionRegistry& registry);
void add_phonetics(FunctionRegistry& registry);
void add_patterns(FunctionRegistry& registry);
void add_values(FunctionRegistry& registry);
void add_lists(FunctionRegistry& registry);
void add_list_parts(FunctionRegistry& registry);
void add_maps(FunctionRegistry& registry);
void add_folds(FunctionRegistry& registry);
void add_counts(FunctionRegistry& registry);
void add_statistics(FunctionRegistry& registry);
void add_sketches(FunctionRegistry& registry);
void add_maths(FunctionRegistry& registry);
void add_numbers(FunctionRegistry& registry);
void add_bits(FunctionRegistry& registry);
void add_amounts(FunctionRegistry& registry);
void add_conversions(FunctionRegistry& registry);
void add_formats(FunctionRegistry& registry);
void add_time(FunctionRegistry& registry);
void add_dates(FunctionRegistry& registry);
void add_calendar(FunctionRegistry& registry);
void add_zones(FunctionRegistry& registry);
void add_hashing(FunctionRegistry& registry);
void add_encoding(FunctionRegistry& registry);
void add_json_texts(FunctionRegistry& registry);
void add_uuids(FunctionRegistry& registry);
void add_checks(FunctionRegistry& registry);
void add_urls(FunctionRegistry& registry);
void add_addresses(FunctionRegistry& registry);
void add_ips(FunctionRegistry& registry);
void add_geo(FunctionRegistry& registry);
void add_json(FunctionRegistry& registry);
void add_places(FunctionRegistry& registry);

/// All of the above, in an order in which overloads of several groups are to be tried.
void add_all(FunctionRegistry& registry);

}  // namespace braid
