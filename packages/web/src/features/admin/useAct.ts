import { useErrorText } from '../../composables/useErrorText.ts';
import { toast } from '../../toast.ts';

/** Does something and says how it went; true when it went well. */
export function useAct(): (work: () => Promise<unknown>, done?: string) => Promise<boolean> {
  const errorText = useErrorText();
  return async (work, done) => {
    try {
      await work();
      if (done !== undefined) toast('success', done);
      return true;
    } catch (error) {
      toast('error', errorText(error));
      return false;
    }
  };
}
