// Names of products and fields as OData allows them. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace braid::serve::odata {

/// A letter or `_`, then letters, digits and `_`; at most 128 bytes, ASCII.
bool is_odata_name(std::string_view text);
/// The text itself, or with `_xHH` for each byte that no name may have there.
std::string odata_name(std::string_view text);

/// Of the entity set, and the type, of a product: `shop_order_v2`. An underscore of the domain is doubled, so that
/// different products have different names.
std::string set_name(std::string_view domain, std::string_view product, int64_t version);

}  // namespace braid::serve::odata
