import { chooseLanguage } from '../language.ts';

/** The few words that WhatsApp demands and an activity does not have. `listButton` is at most 20 characters. */
export interface OptionLabels {
  readonly prompt: string;
  readonly listButton: string;
}

const english: OptionLabels = { prompt: 'Choose an option:', listButton: 'Options' };

const labels: Readonly<Record<string, OptionLabels>> = {
  en: english,
  ca: { prompt: 'Trieu una opció:', listButton: 'Opcions' },
  de: { prompt: 'Bitte auswählen:', listButton: 'Optionen' },
  es: { prompt: 'Elige una opción:', listButton: 'Opciones' },
  fr: { prompt: 'Choisissez une option :', listButton: 'Options' },
  it: { prompt: "Scegli un'opzione:", listButton: 'Opzioni' },
  pt: { prompt: 'Escolha uma opção:', listButton: 'Opções' },
};

/** `locale` as the activity has it: a language tag (BCP 47) or anything else, which reads as English. */
export function labelsFor(locale: unknown): OptionLabels {
  const wanted = typeof locale === 'string' ? locale : null;
  const language = chooseLanguage({ wanted, fallback: 'en', available: Object.keys(labels) });
  return labels[language ?? 'en'] ?? english;
}
