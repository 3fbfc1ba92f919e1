#include "serve/odata/lexer.h"

#include <charconv>
#include <limits>

#include "runtime/data/decimal.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"
#include "serve/http/query.h"

namespace braid::serve::odata {
namespace {

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}
bool is_letter(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

/// The bytes of `text` that follow `form`: `9` any digit, `h` a hexadecimal one, all else itself. 0: they do not.
size_t matches(std::string_view text, std::string_view form) {
  if (text.size() < form.size()) return 0;
  for (size_t i = 0; i < form.size(); ++i) {
    const char byte = text[i];
    const bool hexadecimal = is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
    if (form[i] == '9' ? !is_digit(byte) : form[i] == 'h' ? !hexadecimal : byte != form[i]) return 0;
  }
  return form.size();
}

size_t digits(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  return count;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Parsed<std::vector<Token>> run() {
    if (text_.size() > kMostText) return wrong("an option has at most 8192 bytes");
    while (true) {
      while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
      if (made_.size() == kMostTokens) return wrong("an option has at most 2000 words and signs");
      Token token{.at = at_};
      if (at_ == text_.size()) {
        made_.push_back(std::move(token));
        return std::move(made_);
      }
      BRAID_TRY(next(token));
      made_.push_back(std::move(token));
    }
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }
  Wrong bad(std::string_view what) const { return wrong(fmt::format("{} at byte {}", what, at_)); }
  /// Takes so many bytes.
  std::string_view cut(size_t size) {
    const std::string_view taken = text_.substr(at_, size);
    at_ += size;
    return taken;
  }
  bool ends_word(size_t size) const {
    return at_ + size >= text_.size() || (!is_letter(text_[at_ + size]) && !is_digit(text_[at_ + size]));
  }

  Result<void, Wrong> next(Token& token) {
    const char byte = text_[at_];
    if (byte == '\'') return quoted(token, Kind::text);
    if (matches(rest(), "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh") != 0 && ends_word(36)) {
      token.kind = Token::Kind::literal;
      int128 value = 0;
      if (!parse_uuid(cut(36), &value)) return bad("a wrong guid");
      token.value = number_datum(Kind::guid, value);
      return {};
    }
    if (is_digit(byte)) return number(token);
    if (is_letter(byte) || byte == '$') return word(token);
    if (byte == '@') {
      ++at_;
      size_t size = 0;
      while (at_ + size < text_.size() && (is_letter(text_[at_ + size]) || is_digit(text_[at_ + size]))) ++size;
      if (size == 0) return bad("`@` without a name");
      token.kind = Token::Kind::alias;
      token.text = cut(size);
      return {};
    }
    if (std::string_view("(),/:=*-").find(byte) == std::string_view::npos)
      return bad("a character that no expression has");
    token.kind = Token::Kind::sign;
    token.text = cut(1);
    return {};
  }

  Result<void, Wrong> quoted(Token& token, Kind kind) {
    token.kind = Token::Kind::literal;
    const size_t begin = at_++;
    while (true) {
      const size_t quote = text_.find('\'', at_);
      if (quote == std::string_view::npos) {
        at_ = begin;
        return bad("a text without its closing quote");
      }
      token.text.append(text_.substr(at_, quote - at_));
      at_ = quote + 1;
      if (at_ == text_.size() || text_[at_] != '\'') break;
      token.text += '\'';
      ++at_;
    }
    token.value.kind = kind;
    return {};
  }

  Result<void, Wrong> number(Token& token) {
    token.kind = Token::Kind::literal;
    if (matches(rest(), "9999-99-99") != 0) return moment(token);
    if (matches(rest(), "99:99") != 0) {
      size_t size = 5;
      if (matches(rest().substr(size), ":99") != 0) size += 3;
      if (size == 8 && rest().substr(size).starts_with('.')) size += 1 + digits(rest().substr(size + 1));
      int64_t time = 0;
      if (!parse_time(cut(size), &time)) return bad("a wrong time in front");
      token.value = number_datum(Kind::time, time);
      return {};
    }
    size_t size = digits(rest());
    bool fraction = false, exponent = false;
    if (rest().substr(size).starts_with('.') && digits(rest().substr(size + 1)) > 0) {
      fraction = true;
      size += 1 + digits(rest().substr(size + 1));
    }
    if (size < rest().size() && (rest()[size] == 'e' || rest()[size] == 'E')) {
      const size_t sign = size + 1 < rest().size() && (rest()[size + 1] == '-' || rest()[size + 1] == '+') ? 1 : 0;
      const size_t count = digits(rest().substr(std::min(size + 1 + sign, rest().size())));
      if (count > 0) {
        exponent = true;
        size += 1 + sign + count;
      }
    }
    if (!ends_word(size)) return bad("a wrong number");
    const std::string_view written = cut(size);
    if (!exponent && !fraction) {
      int64_t whole = 0;
      const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), whole);
      if (error == std::errc() && end == written.data() + written.size()) {
        token.value = integer_datum(whole);
        return {};
      }
    }
    if (!exponent) {
      const size_t point = written.find('.');
      const size_t scale = point == std::string_view::npos ? 0 : written.size() - point - 1;
      int128 value = 0;
      if (scale <= kDecimalDigits &&
          parse_decimal(written, kDecimalDigits, static_cast<int>(scale), &value) == DecimalFault::none) {
        token.value = decimal_datum(value, static_cast<int>(scale));
        return {};
      }
    }
    double real = 0;
    const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), real);
    if (error != std::errc() || end != written.data() + written.size()) return bad("a number out of range in front");
    token.value = real_datum(real);
    return {};
  }

  /// A date, or an instant. In a query that was not encoded, the plus of an offset arrives as a blank.
  Result<void, Wrong> moment(Token& token) {
    size_t size = 10;
    if (size >= rest().size() || (rest()[size] != 'T' && rest()[size] != 't')) {
      int32_t days = 0;
      if (!ends_word(size) || !parse_date(cut(size), &days)) return bad("a wrong date in front");
      token.value = number_datum(Kind::date, days);
      return {};
    }
    ++size;
    const size_t time = matches(rest().substr(size), "99:99:99") ? 8 : matches(rest().substr(size), "99:99") ? 5 : 0;
    if (time == 0) return bad("a wrong time of day");
    size += time;
    if (time == 8 && rest().substr(size).starts_with('.')) size += 1 + digits(rest().substr(size + 1));
    std::string written(rest().substr(0, size));
    if (time == 5) written += ":00";
    const std::string_view offset = rest().substr(size);
    if (offset.starts_with('Z') || offset.starts_with('z')) {
      written += 'Z';
      ++size;
    } else if (matches(offset.substr(std::min<size_t>(1, offset.size())), "99:99") != 0 &&
               std::string_view("+- ").find(offset.front()) != std::string_view::npos) {
      written += offset.front() == '-' ? '-' : '+';
      written += offset.substr(1, 5);
      size += 6;
    } else {
      return bad("an instant without an offset, like Z or +01:00,");
    }
    int64_t micros = 0;
    if (!ends_word(size) || !parse_timestamp(written, &micros)) return bad("a wrong instant");
    cut(size);
    token.value = number_datum(Kind::instant, micros);
    return {};
  }

  Result<void, Wrong> word(Token& token) {
    size_t size = 1;
    const auto more = [&] {
      const char byte = text_[at_ + size];
      const bool inner_point = byte == '.' && at_ + size + 1 < text_.size() && is_letter(text_[at_ + size + 1]);
      return is_letter(byte) || is_digit(byte) || inner_point;
    };
    while (at_ + size < text_.size() && more()) ++size;
    token.kind = Token::Kind::name;
    token.text = cut(size);
    if (at_ == text_.size() || text_[at_] != '\'') return {};
    const std::string prefix = std::move(token.text);
    token.text.clear();
    BRAID_TRY(quoted(token, Kind::text));
    if (prefix == "duration") {
      int64_t micros = 0;
      if (!parse_duration_iso(token.text, &micros)) return bad("a wrong duration, like duration'PT1H', in front");
      token.value = number_datum(Kind::duration, micros);
    } else if (prefix == "binary") {
      // Both alphabets, with and without padding.
      std::string plain = token.text.substr(0, token.text.find_last_not_of('=') + 1);
      for (char& byte : plain) byte = byte == '+' ? '-' : byte == '/' ? '_' : byte;
      const std::optional<std::string> bytes = base64_url_decoded(plain);
      if (!bytes) return bad("wrong base64 in front");
      token.text = *bytes;
      token.value.kind = Kind::bytes;
    } else if (prefix == "geography" || prefix == "geometry") {
      return not_implemented("values of geography and geometry are not supported");
    } else if (prefix.find('.') != std::string::npos) {
      token.kind = Token::Kind::symbol;
    } else {
      return bad(fmt::format("`{}'…'` is not a literal of OData version 4", prefix));
    }
    return {};
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Token> made_;
};

}  // namespace

Wrong wrong(std::string message) {
  return {400, std::move(message)};
}
Wrong not_implemented(std::string message) {
  return {501, std::move(message)};
}

Parsed<std::vector<Token>> read_tokens(std::string_view text) {
  return Lexer(text).run();
}

Wrong Cursor::expected(std::string_view what) const {
  const Token& token = now();
  if (token.kind == Token::Kind::end) return wrong(fmt::format("{} is missing at the end", what));
  const std::string shown = token.text.empty() ? "a literal" : fmt::format("`{}`", token.text.substr(0, 60));
  return wrong(fmt::format("at byte {} stands {} where {} must stand", token.at, shown, what));
}

}  // namespace braid::serve::odata
