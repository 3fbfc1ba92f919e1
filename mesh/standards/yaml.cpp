#include "mesh/standards/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace braid::mesh {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_number(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text == ".inf" || text == ".Inf" || text == ".INF") return true;
  if (text.starts_with("0x") || text.starts_with("0o")) {
    const bool hex = text[1] == 'x';
    text.remove_prefix(2);
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
      return hex ? std::isxdigit(static_cast<unsigned char>(c)) != 0 : c >= '0' && c <= '7';
    });
  }
  const size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view power = text.substr(exponent + 1);
    if (!power.empty() && (power[0] == '-' || power[0] == '+')) power.remove_prefix(1);
    if (!is_digits(power)) return false;
    text = text.substr(0, exponent);
  }
  const size_t point = text.find('.');
  if (point == std::string_view::npos) return is_digits(text);
  const std::string_view whole = text.substr(0, point), rest = text.substr(point + 1);
  return (is_digits(whole) || (whole.empty() && !rest.empty())) &&
         (is_digits(rest) || (rest.empty() && !whole.empty()));
}

Node plain(const std::string& text) {
  static const std::set<std::string> kNull{"", "~", "null", "Null", "NULL"};
  static const std::set<std::string> kTrue{"true", "True", "TRUE"}, kFalse{"false", "False", "FALSE"};
  if (kNull.contains(text)) return {};
  if (kTrue.contains(text)) return Node::boolean(true);
  if (kFalse.contains(text)) return Node::boolean(false);
  if (is_number(text) || text == ".nan" || text == ".NaN" || text == ".NAN") return Node::decimal(text);
  return Node::text(text);
}

class Reading {
 public:
  explicit Reading(std::string_view text) : text_(text) {
    lines_.push_back(0);
    for (size_t i = 0; i < text.size(); ++i)
      if (text[i] == '\n') lines_.push_back(static_cast<uint32_t>(i + 1));
  }

  Result<Node, YamlFault> whole() {
    if (text_.size() > kMaxYamlBytes) return YamlFault{fmt::format("it is longer than {} MB", kMaxYamlBytes >> 20)};
    try {
      const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text_));
      if (documents.empty()) return YamlFault{"it is empty"};
      Node made = convert(documents.front(), 0);
      if (documents.size() > 1 && !fault_) {
        fail("a second document begins here, and a contract is one", documents[1].Mark());
      }
      if (fault_) return *fault_;
      return made;
    } catch (const YAML::Exception& error) {
      fail(error.msg, error.mark);
      return *fault_;
    }
  }

 private:
  uint32_t offset(const YAML::Mark& mark) const {
    if (mark.is_null() || mark.line < 0) return 0;
    const size_t line = std::min(static_cast<size_t>(mark.line), lines_.size() - 1);
    return static_cast<uint32_t>(
        std::min<size_t>(lines_[line] + static_cast<size_t>(std::max(mark.column, 0)), text_.size()));
  }
  /// From there to the end of the line, without blanks and comments behind it.
  std::pair<uint32_t, uint32_t> place(const YAML::Mark& mark, size_t length = 0) const {
    const uint32_t begin = offset(mark);
    size_t end = length > 0 ? begin + length : text_.find('\n', begin);
    end = std::min(end, text_.size());
    if (length == 0)
      if (const size_t comment = text_.substr(begin, end - begin).find(" #"); comment != std::string_view::npos)
        end = begin + comment;
    while (end > begin && std::isspace(static_cast<unsigned char>(text_[end - 1]))) --end;
    return {begin, static_cast<uint32_t>(end)};
  }

  void fail(std::string message, const YAML::Mark& mark) {
    if (fault_) return;
    const auto [begin, end] = place(mark);
    fault_ = YamlFault{std::move(message), begin, end};
  }

  Node convert(const YAML::Node& from, int depth) {
    if (fault_) return {};
    if (depth > kMaxYamlDepth)
      return fail(fmt::format("it is nested deeper than {} levels", kMaxYamlDepth), from.Mark()), Node();
    if (++nodes_ > kMaxYamlNodes)
      return fail(fmt::format("it has more than {} values", kMaxYamlNodes), from.Mark()), Node();
    Node made;
    switch (from.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        break;
      case YAML::NodeType::Scalar:
        made = from.Tag() == "!" || from.Tag() == "tag:yaml.org,2002:str" ? Node::text(from.Scalar())
                                                                          : plain(from.Scalar());
        break;
      case YAML::NodeType::Sequence:
        made = Node::list();
        for (const YAML::Node& element : from) made.add(convert(element, depth + 1));
        break;
      case YAML::NodeType::Map:
        made = Node::map();
        convert_entries(from, made, depth);
        break;
    }
    std::tie(made.begin, made.end) = place(from.Mark());
    return made;
  }

  void convert_entries(const YAML::Node& from, Node& made, int depth) {
    for (const auto& entry : from) {
      if (fault_) return;
      if (!entry.first.IsScalar()) return fail("a key is a text", entry.first.Mark());
      const std::string key = entry.first.Scalar();
      const bool merge = key == "<<" && entry.first.Tag() != "!";
      if (merge) continue;
      if (made.find(key)) return fail(fmt::format("the key `{}` stands twice", key), entry.first.Mark());
      Entry one{key, convert(entry.second, depth + 1)};
      std::tie(one.begin, one.end) = place(entry.first.Mark(), key.size());
      made.entries.push_back(std::move(one));
    }
    for (const auto& entry : from) {
      if (fault_) return;
      if (entry.first.Scalar() != "<<" || entry.first.Tag() == "!") continue;
      const Node merged = convert(entry.second, depth + 1);
      if (merged.is(Node::Kind::map)) take_over(merged, made);
      for (const Node& element : merged.elements) take_over(element, made);
    }
  }

  static void take_over(const Node& from, Node& into) {
    for (const Entry& entry : from.entries)
      if (!into.find(entry.key)) into.entries.push_back(entry);
  }

  std::string_view text_;
  std::vector<uint32_t> lines_;  ///< where they begin
  size_t nodes_ = 0;
  std::optional<YamlFault> fault_;
};

/// Readers differ in what a plain scalar is: YAML 1.1 has more words for truth, dates, and numbers with colons or `_`.
bool needs_quotes(const std::string& text) {
  if (!plain(text).is(Node::Kind::text)) return true;
  static const std::set<std::string> kWords{"y", "n", "yes", "no", "on", "off", "<<", "="};
  std::string lower;
  for (const char c : text) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (kWords.contains(lower)) return true;
  const auto first = static_cast<unsigned char>(text[0]);
  if (std::isdigit(first) || first == '.' || first == '+' || first == '-') {
    // `2.1.0` is a text everywhere; `2026-01-01`, `12:30` and `1_000` are not.
    if (text.find_first_not_of("0123456789.:_-+ eETtZz") == std::string::npos &&
        (std::count(text.begin(), text.end(), '.') < 2 || text.find_first_of(":_-") != std::string::npos))
      return true;
  }
  return text.find('\n') != std::string::npos;
}

void write(YAML::Emitter& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      out << YAML::Null;
      return;
    case Node::Kind::boolean:
    case Node::Kind::number:
      out << node.scalar;
      return;
    case Node::Kind::text:
      if (needs_quotes(node.scalar))
        out << YAML::DoubleQuoted << node.scalar;
      else
        out << node.scalar;
      return;
    case Node::Kind::list:
      if (node.elements.empty()) out << YAML::Flow;
      out << YAML::BeginSeq;
      for (const Node& element : node.elements) write(out, element);
      out << YAML::EndSeq;
      return;
    case Node::Kind::map:
      if (node.entries.empty()) out << YAML::Flow;
      out << YAML::BeginMap;
      for (const Entry& entry : node.entries) {
        out << YAML::Key;
        write(out, Node::text(entry.key));
        out << YAML::Value;
        write(out, entry.value);
      }
      out << YAML::EndMap;
      return;
  }
}

}  // namespace

Result<Node, YamlFault> read_yaml(std::string_view text) {
  // A byte order mark is no content, and would move every place by its length.
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  const size_t skipped = text.starts_with(kMark) ? kMark.size() : 0;
  if (skipped == 0) return Reading(text).whole();
  std::string blank(text);
  blank.replace(0, skipped, "\n\n\n");
  return Reading(blank).whole();
}

std::string write_yaml(const Node& document) {
  YAML::Emitter out;
  out.SetIndent(2);
  write(out, document);
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace braid::mesh
