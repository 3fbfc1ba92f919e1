#include "stdlib/functions/groups.h"

namespace braid {

void add_all(FunctionRegistry& registry) {
  add_strings(registry);
  add_cutting(registry);
  add_letters(registry);
  add_unicode(registry);
  add_similarity(registry);
  add_phonetics(registry);
  add_patterns(registry);
  add_values(registry);
  add_lists(registry);
  add_list_parts(registry);
  add_maps(registry);
  add_folds(registry);
  add_statistics(registry);
  add_counts(registry);
  add_sketches(registry);
  add_maths(registry);
  add_numbers(registry);
  add_bits(registry);
  add_amounts(registry);
  add_conversions(registry);
  add_formats(registry);
  add_time(registry);
  add_dates(registry);
  add_calendar(registry);
  add_zones(registry);
  add_hashing(registry);
  add_encoding(registry);
  add_json_texts(registry);
  add_uuids(registry);
  add_checks(registry);
  add_urls(registry);
  add_addresses(registry);
  add_ips(registry);
  add_geo(registry);
  add_json(registry);
  add_places(registry);
}

}  // namespace braid
