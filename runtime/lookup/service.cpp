#include "runtime/lookup/service.h"

namespace braid {

std::string fill_in(const std::string& text, const std::vector<Field>& parameters,
                    const std::function<std::string(size_t parameter)>& value) {
  std::string made;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if ((c == '{' || c == '}') && at + 1 < text.size() && text[at + 1] == c) {
      made += c;
      ++at;
      continue;
    }
    const size_t end = c == '{' ? text.find('}', at) : std::string::npos;
    const int parameter = end == std::string::npos ? -1 : find_field(parameters, text.substr(at + 1, end - at - 1));
    if (parameter < 0) {
      made += c;
      continue;
    }
    made += value(static_cast<size_t>(parameter));
    at = end;
  }
  return made;
}

}  // namespace braid
