#include "runtime/copy/change_lines.h"

#include <simdjson.h>

#include <algorithm>

#include "runtime/report/copy_findings.h"

namespace braid {
namespace {

namespace od = simdjson::ondemand;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

/// A scalar as its text, all else as JSON. `as_json`: scalars, too.
bool read_value(od::value value, bool as_json, CopiedValue& made) {
  switch (value.type().value()) {
    case od::json_type::null:
      made.reset();
      return true;
    case od::json_type::string: {
      if (as_json) {
        made = std::string(trimmed(value.raw_json_token()));
        return true;
      }
      const auto text = value.get_string();
      if (text.error() != simdjson::SUCCESS) return false;
      made = std::string(text.value_unsafe());
      return true;
    }
    case od::json_type::object: {
      auto object = value.get_object();
      if (object.error() != simdjson::SUCCESS) return false;
      const auto text = object.value_unsafe().raw_json();
      if (text.error() == simdjson::SUCCESS) made = std::string(trimmed(text.value_unsafe()));
      return text.error() == simdjson::SUCCESS;
    }
    case od::json_type::array: {
      auto array = value.get_array();
      if (array.error() != simdjson::SUCCESS) return false;
      const auto text = array.value_unsafe().raw_json();
      if (text.error() == simdjson::SUCCESS) made = std::string(trimmed(text.value_unsafe()));
      return text.error() == simdjson::SUCCESS;
    }
    default:
      made = std::string(trimmed(value.raw_json_token()));
      return true;
  }
}

}  // namespace

struct ChangeLines::Parser {
  od::parser parser;
  simdjson::padded_string line;
};

ChangeLines::ChangeLines(const CopiedProduct& product, ProductTable& table)
    : product_(product), table_(table), parser_(std::make_unique<Parser>()) {
  for (const CopiedColumn& column : product.columns) is_json_.push_back(column.type.starts_with("json"));
}

ChangeLines::~ChangeLines() = default;

Error ChangeLines::wrong(std::string_view line) const {
  constexpr size_t kShown = 200;
  return {ErrorKind::input,
          diag::CopyFailed{.product = product_.name,
                           .target = "table `" + table_.table() + "`",
                           .reason = fmt::format("this is no change of it: {}", line.substr(0, kShown))}
              .make()
              .message,
          diag::CopyFailed::kCode, 0};
}

Status ChangeLines::take(std::string_view lines) {
  // What lies behind the last commit of these lines belongs to the next transaction.
  constexpr std::string_view kCommit = "\n{\"change\":\"commit\"";
  const size_t found = lines.rfind(kCommit);
  const size_t last_commit = found != std::string_view::npos        ? found + 1
                             : lines.starts_with(kCommit.substr(1)) ? 0
                                                                    : found;
  for (size_t at = 0, end = 0; at < lines.size(); at = end + 1) {
    end = std::min(lines.find('\n', at), lines.size());
    if (end > at) BRAID_TRY(take_line(lines.substr(at, end - at)));
    if (at != last_commit) continue;
    BRAID_TRY(table_.commit(place_));
    changes_ += std::exchange(since_commit_, 0);
  }
  return {};
}

Status ChangeLines::take_line(std::string_view line) {
  parser_->line = simdjson::padded_string(line);
  std::string change, next;
  uint64_t epoch = 0;
  CopiedRow key, row;
  bool has_row = false, right = true;
  od::document document;
  od::object object;
  if (parser_->parser.iterate(parser_->line).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS)
    return wrong(line);
  for (auto field : object) {
    std::string_view name;
    od::value value;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS || field.value().get(value) != simdjson::SUCCESS)
      return wrong(line);
    if (name == "change" || name == "next") {
      std::string_view text;
      right &= value.get_string().get(text) == simdjson::SUCCESS;
      (name == "change" ? change : next) = text;
    } else if (name == "epoch") {
      right &= value.get_uint64().get(epoch) == simdjson::SUCCESS;
    } else if (name == "key" || name == "row") {
      CopiedRow& into = name == "key" ? key : row;
      has_row |= name == "row";
      od::object values;
      if (value.get_object().get(values) != simdjson::SUCCESS) return wrong(line);
      for (auto part : values) {
        od::value of;
        const bool as_json = name == "row" && into.size() < is_json_.size() && is_json_[into.size()];
        if (part.value().get(of) != simdjson::SUCCESS || !read_value(of, as_json, into.emplace_back()))
          return wrong(line);
      }
    }
    if (!right) return wrong(line);
  }
  if (change == "snapshot") return table_.clear();
  if (change == "commit") {
    if (next.empty()) return wrong(line);
    place_ = {next, epoch};
    return {};
  }
  if (change == "delete" && key.size() == product_.key.size()) {
    ++since_commit_;
    return table_.erase(std::move(key));
  }
  if (change != "put" || !has_row) return wrong(line);
  // Behind the fields of the row come the parts of the key that are inside one.
  for (size_t part = 0; part < product_.key.size() && part < key.size(); ++part) {
    const auto column = std::ranges::find(product_.columns, product_.key[part], &CopiedColumn::name);
    if (static_cast<size_t>(column - product_.columns.begin()) == row.size()) row.push_back(std::move(key[part]));
  }
  if (row.size() != product_.columns.size()) return wrong(line);
  ++since_commit_;
  return table_.put(std::move(row));
}

}  // namespace braid
