"""What the names in the header of a table mean, in the languages that people label in."""

import re
import unicodedata

# By the English name that the columns go by here; without accents, in small letters.
_MEANINGS = {
    "word": "wort worter mot mots palabra palabras palavra palavras parola parole woord ord "
            "ordform slovo slowo wyraz kelime sana szo cuvant forma forme "
            "token_text word_form wordform surface surface_form tokentext слово токен "
            "словоформа λεξη 词 词语 單詞 单词 字 字符 文字 単語 トークン 形態素 단어 토큰 어절 "
            "كلمة الكلمة מילה शब्द คำ",
    "tag": "ne_coarse_lit ner_label ner_class bio_tag iob_tag bio_label iob_label slot_label "
           "named_entity_tag "
           "markierung etikett etiquette etiqueta etichetta etiket tagg "
           "marca тег метка 标签 標籤 标记 标注 ラベル タグ 태그 라벨 وسم תגית टैग",
    "entity": "entities named_entity entity_type entity_tag entity_label entitytype entitat "
              "entitaten entitatstyp entite entites type_d_entite entidad entidades entidade "
              "entita entiteit entitet entitaet entitaeten eigenname сущность 实体 实体标签 "
              "固有表現 개체명 كيان ישות",
    "pos": "pos_tag postag part_of_speech wortart categorie categoria categoria_gramatical nature "
           "classe classe_gramatical parte_del_discorso clase woordsoort ordklass часть_речи "
           "词性 詞性 品詞 품사",
    "sentence #": "satz satznr satz_nr satznummer satz_id phrase_id numero_de_phrase no_de_phrase "
                  "phrase oracion numero_de_oracion frase frase_id id_frase id_oracion sentenca "
                  "sentenca_id id_phrase n_phrase zin mening sentence_nr sentence_no "
                  "sentence_number sentence_num sentence_idx sent_no sent_nr sent_num sentid "
                  "предложение номер_предложения 句子 句子编号 句号 文番号 文 문장 문장번호",
}  # fmt: skip
_ENGLISH = {name: meaning for meaning, names in _MEANINGS.items() for name in names.split()}


def meaning(name: str, known: frozenset[str]) -> str:
    """The English name of a column, in small letters; the name as it is if its meaning is unknown.

    Args:
        name: As the header has it.
        known: The names that are not to be changed but for their spelling (`NER Tag` is `ner_tag`).
    """
    lower = name.strip().strip('"').lower()
    if lower in known:
        return lower
    # Capitals in a word begin another one, marks between words and accents say nothing.
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.strip().strip('"'))
    bare = "".join(c for c in unicodedata.normalize("NFD", apart) if not _is_accent(c))
    bare = unicodedata.normalize("NFC", bare)
    spelled = re.sub(r"[\W_]+", "_", bare.lower()).strip("_")
    for same in (spelled, spelled.replace("_", " "), spelled.replace("_", "")):
        if same in known:
            return same
    return _ENGLISH.get(spelled) or _ENGLISH.get(spelled.replace("_", "")) or lower


def _is_accent(character: str) -> bool:
    """Whether this is a mark of Latin, Greek or Cyrillic letters; those of others are letters."""
    return "\u0300" <= character <= "\u036f"
