// How many lines end in a text, and whether it is ASCII: every byte of every input passes here, so this uses the widest
// registers of the processor.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace braid {

struct LineFeeds {
  size_t count = 0;
  bool ascii = true;  ///< no byte of the text is above 127
};

LineFeeds count_line_feeds(std::string_view text);

/// The same function for each kind of registers that this processor has, the best one first.
using LineFeedCounter = LineFeeds (*)(std::string_view text);
std::vector<LineFeedCounter> line_feed_counters();

}  // namespace braid
