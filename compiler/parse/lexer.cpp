#include "compiler/parse/lexer.h"

#include <algorithm>

#include "compiler/parse/literals.h"

namespace braid::grammar {
namespace {

std::string without_underscores(std::string_view text) {
  std::string bare(text);
  std::erase(bare, '_');
  return bare;
}

std::string_view without_blanks_behind(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

/// The length of the character at `offset`, or 0 if there is none in UTF-8.
size_t utf8_length(std::string_view text, size_t offset) {
  auto byte = [&](size_t i) -> unsigned { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned lead = byte(offset);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(offset + i) & 0xC0) != 0x80) return 0;
  const unsigned second = byte(offset + 1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
      (lead == 0xF4 && second > 0x8F))
    return 0;
  return length;
}

}  // namespace

std::string_view sign_text(Sign sign) {
  for (const SignText& entry : kSigns)
    if (entry.sign == sign) return entry.text;
  return "";
}

Lexer::Lexer(std::string_view script, uint32_t file, Reporter& reporter)
    : script_(script), file_(file), reporter_(reporter) {}

bool Lexer::accepts_script() {
  if (script_.size() > kMaxScriptBytes) {
    reporter_
        .report(diag::ScriptTooLarge{.limit = static_cast<int64_t>(kMaxScriptBytes),
                                     .size = static_cast<int64_t>(script_.size())})
        .at({file_, 0, 0});
    return false;
  }
  check_utf8();
  return true;
}

size_t Lexer::begin() const {
  return script_.starts_with("\xEF\xBB\xBF") ? 3 : 0;
}

void Lexer::check_utf8() {
  for (size_t i = 0; i < script_.size();) {
    const size_t length = utf8_length(script_, i);
    if (length == 0) {
      const auto at = static_cast<uint32_t>(i);
      reporter_.report(diag::ScriptNotUtf8{.byte = static_cast<int64_t>(i)})
          .at({file_, at, at + 1}, "this byte")
          .note("scripts are UTF-8; was the file saved in another encoding?");
      unknown_end_ = at + 1;
      return;
    }
    i += length;
  }
}

Span Lexer::span_of(std::string_view text) const {
  const auto begin = static_cast<uint32_t>(text.data() - script_.data());
  return {file_, begin, begin + static_cast<uint32_t>(text.size())};
}

Token& Lexer::add(TokenKind kind, std::string_view text) {
  Token& token = list_.tokens.emplace_back();
  token.kind = kind;
  token.span = span_of(text);
  token.starts_line = std::exchange(at_line_start_, false);
  token.doc_begin = std::exchange(next_doc_, static_cast<uint32_t>(list_.docs.size()));
  token.doc_end = next_doc_;
  return token;
}

void Lexer::line_break(std::string_view) {
  at_line_start_ = true;
}

void Lexer::comment(std::string_view text) {
  text = without_blanks_behind(text);
  const bool is_doc = text.starts_with("///") && !text.starts_with("////");
  list_.comments.push_back({std::string(text), is_doc, span_of(text)});
  if (!is_doc) return;
  std::string_view content = text.substr(3);
  if (content.starts_with(' ')) content.remove_prefix(1);
  list_.docs.push_back({std::string(content), span_of(text)});
}

void Lexer::block_comment(std::string_view text) {
  reporter_.report(diag::BlockComment{}).at(span_of(text.substr(0, 2)), "write `//` before each line");
  if (text.find('\n') != std::string_view::npos) at_line_start_ = true;
}

void Lexer::word(std::string_view text) {
  add(TokenKind::word, text).text = text;
}

void Lexer::quoted_word(std::string_view text) {
  Token& token = add(TokenKind::word, text);
  token.text = text.substr(1, text.size() - 2);
  token.quoted = true;
}

void Lexer::duration(std::string_view text) {
  Token& token = add(TokenKind::duration, text);
  token.text = without_underscores(text);
  if (duration_parts(token.text)) return;
  reporter_.report(diag::NumberTooLarge{.text = std::string(text)}).at(token.span);
  token.text = "0s";
}

void Lexer::size(std::string_view text) {
  Token& token = add(TokenKind::size, text);
  token.text = text;
  if (whole_number(text.substr(0, text.size() - 2))) return;
  reporter_.report(diag::NumberTooLarge{.text = std::string(text)}).at(token.span);
  token.text = "0KB";
}

void Lexer::add_number(ast::NumberKind kind, std::string_view text) {
  Token& token = add(TokenKind::number, text);
  token.text = without_underscores(text);
  token.number = kind;
}
void Lexer::hex(std::string_view text) {
  add_number(ast::NumberKind::hex, text);
}
void Lexer::floating(std::string_view text) {
  add_number(ast::NumberKind::floating, text);
}
void Lexer::decimal(std::string_view text) {
  add_number(ast::NumberKind::decimal, text);
}
void Lexer::integer(std::string_view text) {
  add_number(ast::NumberKind::integer, text);
}

void Lexer::odd_number(std::string_view text) {
  Token& token = add(TokenKind::duration, text);
  token.text = "0s";
  auto report = reporter_.report(diag::BadDuration{.text = std::string(text)});
  report.at(token.span, "units are us, ms, s, m, h, d, w, mo and y");
  if (const auto meant = meant_duration(text); meant && duration_parts(without_underscores(*meant))) {
    report.fix(Applicability::likely, "write `" + *meant + "`", {{token.span, *meant}});
    token.text = without_underscores(*meant);
  } else {
    report.note("numbers and names do not touch: a duration is `1h30m`, a size in a contract `2GB`");
  }
}

void Lexer::add_time(ast::TimeKind kind, std::string_view text) {
  Token& token = add(TokenKind::time, text);
  token.text = text.substr(1);
  token.time = kind;
  const std::string mistake = time_mistake(token.text, kind);
  if (!mistake.empty()) reporter_.report(diag::BadInstant{.text = std::string(text)}).at(token.span, mistake);
}
void Lexer::instant(std::string_view text) {
  add_time(ast::TimeKind::instant, text);
}
void Lexer::date(std::string_view text) {
  add_time(ast::TimeKind::date, text);
}
void Lexer::clock(std::string_view text) {
  add_time(ast::TimeKind::time, text);
}

void Lexer::odd_time(std::string_view text) {
  Token& token = add(TokenKind::time, text);
  token.text = "0001-01-01T00:00Z";
  token.time = ast::TimeKind::instant;
  auto report = reporter_.report(diag::BadInstant{.text = std::string(text)});
  const size_t clock = text.find('T');
  const bool misses_zone =
      clock == 11 && text.size() >= 17 && text.find_first_of("Z+-", clock) == std::string_view::npos;
  if (misses_zone) {
    report.at(token.span, "an instant says its offset from UTC");
    report.fix(Applicability::likely, "add `Z` if the time is in UTC",
               {{{file_, token.span.end, token.span.end}, "Z"}});
  } else {
    report.at(token.span, "forms are `@2026-01-31`, `@12:30` and `@2026-01-31T12:30:00Z`");
  }
}

void Lexer::report_escapes(std::string_view source, size_t begin) {
  for (const BadEscape& bad : decode_text(source).bad) {
    const auto at = static_cast<uint32_t>(begin + bad.offset);
    const std::string escape(source.substr(bad.offset, bad.length));
    reporter_.report(diag::UnknownEscape{.escape = escape})
        .at({file_, at, at + static_cast<uint32_t>(bad.length)}, "escapes are \\n \\r \\t \\0 \\\\ \\\" \\u{1F600}")
        .fix(Applicability::likely, "write `\\\\` for a backslash", {{{file_, at, at}, "\\"}});
  }
}

void Lexer::text(std::string_view text) {
  Token& token = add(TokenKind::text, text);
  const std::string_view inside = text.substr(1, text.size() - 2);
  token.text = decode_text(inside).value;
  report_escapes(inside, token.span.begin + 1);
}

void Lexer::raw_text(std::string_view text) {
  add(TokenKind::text, text).text = text.substr(2, text.size() - 3);
}

void Lexer::unterminated_text(std::string_view text) {
  text = without_blanks_behind(text);
  Token& token = add(TokenKind::text, text);
  token.text = text.substr(text.find('"') + 1);
  token.unterminated = true;
  reporter_.report(diag::UnterminatedText{})
      .at(token.span, "the text begins here")
      .fix(Applicability::sketch, "add a quote where the text ends", {{{file_, token.span.end, token.span.end}, "\""}});
}

void Lexer::single_quoted(std::string_view text) {
  Token& token = add(TokenKind::text, text);
  const std::string_view inside = text.substr(1, text.size() - 2);
  std::string quoted = "\"";
  for (const char c : inside) {
    if (c == '"') quoted += '\\';
    quoted += c;
  }
  quoted += '"';
  token.text = decode_text(inside).value;
  reporter_.report(diag::SingleQuotes{})
      .at(token.span)
      .fix(Applicability::certain, "use double quotes", {{token.span, quoted}});
}

void Lexer::formatted_begin(std::string_view text) {
  formatted_begin_ = add(TokenKind::formatted_begin, text).span;
}

void Lexer::formatted_text(std::string_view text) {
  Token& token = add(TokenKind::formatted_text, text);
  std::string single;  // `{{` and `}}` stand for one brace
  for (size_t i = 0; i < text.size(); ++i) {
    single += text[i];
    if (text[i] == '\\' && i + 1 < text.size())
      single += text[++i];
    else if (text[i] == '{' || text[i] == '}')
      ++i;
  }
  token.text = decode_text(single).value;
  report_escapes(text, token.span.begin);
}

void Lexer::formatted_open(std::string_view text) {
  add(TokenKind::formatted_open, text);
}
void Lexer::formatted_close(std::string_view text) {
  add(TokenKind::formatted_close, text);
}
void Lexer::formatted_end(std::string_view text) {
  add(TokenKind::formatted_end, text);
}

void Lexer::unclosed_hole(std::string_view at) {
  add(TokenKind::formatted_close, at);
}

void Lexer::loose_brace(std::string_view text) {
  Token& token = add(TokenKind::formatted_text, text);
  token.text = text;
  reporter_.report(diag::UnexpectedText{.expected = "`}}` for a brace in a formatted text", .found = "`}`"})
      .at(token.span)
      .fix(Applicability::certain, "double the brace", {{token.span, "}}"}});
}

void Lexer::unterminated_formatted(std::string_view at) {
  // What ended it too early was a text or a brace inside, which may have been reported on its way.
  const Span begin = formatted_begin_;
  Token& token = add(TokenKind::formatted_end, at);
  token.unterminated = true;
  const auto& found = reporter_.findings();
  const bool known = !found.empty() && found.back().code == diag::UnterminatedText::kCode &&
                     found.back().labels.front().span.begin >= begin.begin;
  if (!known && !too_deep_) reporter_.report(diag::UnterminatedText{}).at(begin, "the text begins here");
}

void Lexer::label(std::string_view text) {
  add(TokenKind::label, text).text = text.substr(1);
}

void Lexer::sign(std::string_view text) {
  for (const SignText& entry : kSigns) {
    if (entry.text != text) continue;
    if (entry.sign == Sign::semicolon) {
      const Span span = span_of(text);
      reporter_.report(diag::Semicolon{}).at(span).fix(Applicability::certain, "leave it out", {{span, ""}});
      return;
    }
    add(TokenKind::sign, text).sign = entry.sign;
    return;
  }
}

void Lexer::unknown(std::string_view text) {
  const Span span = span_of(text);
  if (span.begin >= unknown_end_) {
    auto report = reporter_.report(diag::UnknownCharacter{.character = std::string(text)});
    report.at(span);
    if (text == "'") report.note("a text is written in double quotes, a name with unusual characters in backticks");
    if (text == "#") report.note("a label is `#name`, a comment begins with `//`");
    if (text == "$") report.note("a value in a text is written `f\"{name}\"`, and a `param` by its name");
    if (text == "&") report.note("both of two conditions: `and`");
  }
  unknown_end_ = span.end;
  if (list_.tokens.empty() || list_.tokens.back().kind != TokenKind::bad) add(TokenKind::bad, text);
}

bool Lexer::deeper() {
  if (++depth_ <= ast::kMaxNesting) return true;
  if (!std::exchange(too_deep_, true)) {
    const auto end = list_.tokens.empty() ? 0 : list_.tokens.back().span.end;
    reporter_.report(diag::TooDeep{.limit = ast::kMaxNesting}).at({file_, end, end});
  }
  --depth_;
  return false;
}

TokenList Lexer::finish() {
  at_line_start_ = true;
  add(TokenKind::end, script_.substr(script_.size()));
  // Looking one token ahead of the end is allowed.
  list_.tokens.push_back(list_.tokens.back());
  return std::move(list_);
}

}  // namespace braid::grammar
